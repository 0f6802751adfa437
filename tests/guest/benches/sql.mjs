// The same in V8, which is Envoy's engine for wasm, as Node has it: microseconds of this process's time on the processor
// for each statement: known, the fastest run and the median, and new, the same. Arguments: the module, rounds of new
// statements, rounds of known ones, runs.
import { readFileSync } from 'node:fs';

const [path, ...numbers] = process.argv.slice(2);
const [rounds, seen, runs] = numbers.map(Number);
const module = await WebAssembly.compile(readFileSync(path));
const imports = {};
let memory;
const random_get = (at, size) => {
  crypto.getRandomValues(new Uint8Array(memory.buffer, at, size));
  return 0;
};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = name === 'random_get' ? random_get : () => 0;
}
const { exports } = await WebAssembly.instantiate(module, imports);
memory = exports.memory;
if (exports.prepare(rounds) === 0) throw new Error('no plane');

// The first runs are left out: V8 still optimises, on other threads of this process.
const measured = (name, times) => {
  const each = [];
  for (let run = -2 * runs; run < runs; run += 1) {
    const before = process.cpuUsage();
    if (exports[name](times) !== times) throw new Error('not all statements were understood');
    const { user, system } = process.cpuUsage(before);
    each.push((user + system) / times);
  }
  const sorted = each.slice(-runs).sort((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(runs / 2)]];
};
const fresh = measured('fresh', rounds);
console.log([...measured('seen', seen), ...fresh].join(' '));
