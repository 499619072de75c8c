// The browser's code keeps to ECMAScript 2018, so that an old or locked-down phone runs it (docs/architecture.md, "Pages").
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parse } from "acorn";

const FOLDER = "static/js";
const files = readdirSync(FOLDER, { recursive: true }).filter((name) => name.endsWith(".js"));
let found = 0;
for (const name of files) {
  const path = join(FOLDER, name);
  try {
    parse(readFileSync(path, "utf8"), { ecmaVersion: 2018, sourceType: "module" });
  } catch (error) {
    found += 1;
    console.error(`${path}:${error.loc.line}: not ECMAScript 2018: ${error.message}`);
  }
}
process.exit(found ? 1 : 0);
