// A chat as socket.io's own examples teach it, with every message in PostgreSQL before anybody hears of it:
// one INSERT a message, then the acknowledgement, then the broadcast to the room.
//
//   PORT=… DATABASE_URL=… POOL=… node server.mjs

import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

const INSERT = {
  name: "insert",
  text: "INSERT INTO socketio_message (room, role, origin_id, body) VALUES ($1, $2, $3, $4) RETURNING id",
};

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL) });
const server = createServer();
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });

io.on("connection", (socket) => {
  const { room, role } = socket.handshake.auth;
  socket.join(room);
  socket.on("message", async (origin, body, acknowledge) => {
    try {
      const { rows } = await pool.query({ ...INSERT, values: [room, role, origin, body] });
      const seq = Number(rows[0].id);
      acknowledge(seq);
      io.to(room).emit("message", seq, origin, role, body);
    } catch {
      acknowledge(0);
    }
  });
});

server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 4096 });
process.on("SIGTERM", () => process.exit(0));
