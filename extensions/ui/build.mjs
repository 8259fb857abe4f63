// Bundles the components into self-contained modules: static files of the server, the widgets also for notebooks.
import { build, context } from 'esbuild';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const bundles = [
  { in: 'src/dashboard/index.ts', out: 'alm-report.js' },
  { in: 'src/widgets/index.ts', out: 'alm-widgets.js' }
];
const shared = { bundle: true, format: 'esm', minify: true, target: ['es2022'], legalComments: 'inline' };

for (const bundle of bundles) {
  const outfile = here(`../../alm_workbench/server/static/${bundle.out}`);
  const options = { ...shared, entryPoints: [here(bundle.in)], outfile };
  if (process.argv.includes('--watch')) {
    await (await context(options)).watch();
  } else {
    await build(options);
    const { size } = await stat(outfile);
    console.log(`${bundle.out} ${Math.round(size / 1024)} kB`);
  }
}
