// Decides the forms that `random` printed with the browser's module, and fails where a state differs:
//
//     cargo run --release -p bifrost-forms --example random_forms -- SEED COUNT | node crosscheck.mjs
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';

const module = new URL('../../client/src/expressions/expressions.wasm', import.meta.url);
const { instance } = await WebAssembly.instantiate(readFileSync(module));
const { memory, input, form } = instance.exports;

function answer(request) {
  const bytes = new TextEncoder().encode(request);
  const room = input(bytes.length); // It may let the memory grow, which makes a new buffer.
  new Uint8Array(memory.buffer, room, bytes.length).set(bytes);
  const at = BigInt.asUintN(64, form());
  return new TextDecoder().decode(new Uint8Array(memory.buffer, Number(at >> 32n), Number(at & 0xffff_ffffn)));
}

let [count, valid, different, time] = [0, 0, 0, 0];
for await (const line of createInterface({ input: process.stdin })) {
  const { definition, input: filled, outcome } = JSON.parse(line);
  const started = performance.now();
  const text = answer(line);
  time += performance.now() - started;
  const got = JSON.parse(text);
  count += 1;
  valid += got.state?.is_valid === true;
  if (!('state' in got) || !isDeepStrictEqual(got, outcome)) {
    different += 1;
    console.error(`${JSON.stringify(definition)}\n  with    ${JSON.stringify(filled)}\n  native  ${JSON.stringify(outcome)}\n  browser ${text}`);
  }
}
console.log(`${count} forms, ${valid} valid, ${different} different; ${((time * 1000) / count).toFixed(1)} µs each`);
process.exit(count > 0 && different === 0 ? 0 : 1);
