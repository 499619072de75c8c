/** The number a conversation is called by on the desk. It stays through a reload, and a new one never takes it. */

const KEY = "chatline.desk.numbers";

/** @param {Storage} storage the tab's own */
export function createNumbers(storage) {
  const read = () => JSON.parse(storage.getItem(KEY) || "{}");
  const write = (numbers) => storage.setItem(KEY, JSON.stringify(numbers));

  return {
    of(id) {
      const numbers = read();
      if (!numbers[id]) {
        numbers[id] = Math.max(0, ...Object.values(numbers)) + 1;
        write(numbers);
      }
      return numbers[id];
    },
    /** Lets go of every other conversation. */
    keep(ids) {
      const numbers = read();
      Object.keys(numbers)
        .filter((id) => !ids.includes(id))
        .forEach((id) => {
          delete numbers[id];
        });
      write(numbers);
    },
  };
}
