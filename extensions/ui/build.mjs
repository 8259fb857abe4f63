// Bundles the components into one self-contained module that the server hands out as a static file.
import { build, context } from 'esbuild';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const outfile = fileURLToPath(new URL('../../alm_workbench/server/static/alm-report.js', import.meta.url));
const options = {
  entryPoints: [fileURLToPath(new URL('src/dashboard/index.ts', import.meta.url))],
  bundle: true,
  format: 'esm',
  minify: true,
  target: ['es2022'],
  legalComments: 'inline',
  outfile
};

if (process.argv.includes('--watch')) {
  await (await context(options)).watch();
} else {
  await build(options);
  const { size } = await stat(outfile);
  console.log(`alm-report.js ${Math.round(size / 1024)} kB`);
}
