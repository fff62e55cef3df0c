// Bundles styles and scripts into the package's static folder, named by their content, with compressed copies beside
// them and manifest.json to find them by their plain names. Nothing is left inline: the pages' policy allows no data: address.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const web = import.meta.dirname;
const target = join(web, "../src/owner_portal/static");
const fresh = `${target}.new`;
const features = join(web, "../src/owner_portal");
const icons = join(web, "node_modules/@tabler/icons/icons/outline");
const manifest = {};

async function put(name, content) {
  const digest = createHash("sha256").update(content).digest("base64url").replace(/[-_]/g, "").slice(0, 10);
  const file = `${basename(name, extname(name))}-${digest}${extname(name)}`;
  await writeFile(join(fresh, file), content);
  return file;
}

/** A file that the bundler has named by its content already. */
async function keep(path, content) {
  await writeFile(path, content);
  return basename(path);
}

/** The pictures inside a style sheet as files of their own. */
async function unpackPictures(css) {
  const pictures = new Map();
  for (const [reference, text] of css.matchAll(/url\("data:image\/svg\+xml,(.*?)"\)/g)) {
    if (!pictures.has(reference)) pictures.set(reference, await put("picture.svg", decodeURIComponent(text)));
  }
  return css.replaceAll(/url\("data:image\/svg\+xml,.*?"\)/g, (reference) => `url("${pictures.get(reference)}")`);
}

/** One file with every icon that a template names, as in icon("bell") or icon="bell". */
async function sprite() {
  const names = new Set();
  for (const file of await readdir(features, { recursive: true })) {
    if (!file.endsWith(".html")) continue;
    const text = await readFile(join(features, file), "utf8");
    for (const [, name] of text.matchAll(/icon\s*[(=]\s*"([a-z0-9-]+)"/g)) names.add(name);
  }
  const symbols = [];
  for (const name of [...names].sort()) {
    const path = join(icons, `${name}.svg`);
    if (!existsSync(path)) throw new Error(`a template asks for the icon "${name}", which @tabler/icons does not have`);
    const inner = (await readFile(path, "utf8")).replace(/^[\s\S]*?<svg[\s\S]*?>/, "").replace("</svg>", "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "")}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

async function compress(file) {
  const content = await readFile(join(fresh, file));
  if (content.length < 1024 || extname(file) === ".woff2") return; // a font is compressed already
  await writeFile(join(fresh, `${file}.gz`), gzipSync(content, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(join(fresh, `${file}.br`), brotliCompressSync(content, { params }));
}

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const common = { absWorkingDir: web, bundle: true, minify: true, legalComments: "none", target: ["es2022"], outdir: fresh };
const scripts = await build({
  ...common,
  entryPoints: ["src/portal.ts", "src/theme.ts"],
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  format: "esm",
  splitting: true,
  metafile: true,
});
for (const [path, output] of Object.entries(scripts.metafile.outputs)) {
  if (output.entryPoint) manifest[basename(output.entryPoint).replace(".ts", ".js")] = basename(path);
}
const styles = await build({
  ...common,
  entryPoints: ["src/portal.css"],
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  write: false,
});
for (const { path, contents, text } of styles.outputFiles) {
  if (path.endsWith(".css")) manifest["portal.css"] = await put("portal.css", await unpackPictures(text));
  else manifest[basename(path).replace(/-[^-]+(?=\.woff2$)/, "")] = await keep(path, contents);
}
manifest["icons.svg"] = await put("icons.svg", await sprite());
manifest["mark.svg"] = await put("mark.svg", await readFile(join(web, "src/mark.svg")));
for (const file of await readdir(fresh)) await compress(file);
await writeFile(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
