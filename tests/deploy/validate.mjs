// Reads a JSON array of manifests from standard input and holds each to its schema: Kubernetes' own, and the custom
// resources of Istio, the Gateway API and Envoy Gateway, as packages from npm carry them. Prints what is wrong, one line each.
//
// Those schemas let fields pass that they do not know, as servers do that drop them. A field that no validator ever
// looked at is one that is not known, so every object is watched.
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const packages = ["kubernetes-models", ...["istio", "gateway-api", "envoy-gateway"].map((name) => `@kubernetes-models/${name}`)];

async function model({ apiVersion, kind }) {
  for (const name of packages) {
    const file = `${modules}/${name}/${apiVersion}/index.js`;
    const found = existsSync(file) ? await import(pathToFileURL(file)) : {};
    if (found[kind]) return found[kind];
  }
  throw new Error(`no package has ${apiVersion} ${kind}`);
}

// What validators look at, by path.
function watched(value, path, seen) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return target[key];
      seen.add(`${path}/${key}`);
      return watched(target[key], `${path}/${key}`, seen);
    },
  });
}

function unknown(manifestKind, value, path, seen, found) {
  if (value === null || typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    const here = `${path}/${key}`;
    // Envoy's and the filter's own configuration, of which Istio's schema knows nothing.
    if (manifestKind === "EnvoyFilter" && /\/patch\/value$/.test(here)) continue;
    if (manifestKind === "WasmPlugin" && here === "/spec/pluginConfig") continue;
    if (seen.has(here)) unknown(manifestKind, inner, here, seen, found);
    else found.push(here);
  }
}

let wrong = 0;
const say = (manifest, what) => {
  wrong += 1;
  console.log(`${manifest.kind} ${manifest.metadata?.name}: ${what}`);
};
for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
  const seen = new Set();
  const Model = await model(manifest);
  const { validate } = Model.prototype;
  try {
    // The model's own function, on what is watched instead of on a copy.
    validate.call(watched(manifest, "", seen));
  } catch (error) {
    say(manifest, error.message);
  }
  const found = [];
  unknown(manifest.kind, manifest, "", seen, found);
  for (const path of found) say(manifest, `unknown field ${path}`);
}
process.exit(wrong === 0 ? 0 : 1);
