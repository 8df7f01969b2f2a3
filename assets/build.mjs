// Builds the browser parts into src/verno/static: two style sheets, eight scripts, the pictures.
// Files get .gz and .br twins, which WhiteNoise serves to browsers that take them.

import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "src", "verno", "static");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: {
    console: join(here, "ts", "console.ts"),
    theme: join(here, "ts", "theme.ts"),
    chart: join(here, "ts", "chart.ts"),
    builder: join(here, "ts", "builder.ts"),
    push: join(here, "ts", "push.ts"),
    writing: join(here, "ts", "writing.ts"),
    letter: join(here, "ts", "letter.ts"),
    "push-worker": join(here, "ts", "push-worker.ts"),
  },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  legalComments: "linked",
  logLevel: "warning",
});
await build({
  entryPoints: { console: join(here, "css", "console.css"), letter: join(here, "css", "letter.css") },
  outdir: out,
  bundle: true,
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});
await cp(join(here, "img"), join(out, "img"), { recursive: true });

for (const entry of await readdir(out, { recursive: true })) {
  if (!/\.(js|css|svg)$/.test(entry)) continue;
  const bytes = await readFile(join(out, entry));
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  await writeFile(join(out, `${entry}.gz`), gzipSync(bytes, { level: 9 }));
  await writeFile(join(out, `${entry}.br`), brotliCompressSync(bytes, brotli));
}
