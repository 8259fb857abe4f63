import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const modules = fileURLToPath(new URL('./node_modules', import.meta.url));

// The shared components live beside this package and have no node_modules of their own.
export default defineConfig({
  resolve: { alias: { '@dagrejs/dagre': `${modules}/@dagrejs/dagre` } },
  server: { fs: { allow: ['..'] } },
  test: { include: ['test/**/*.test.ts'], environment: 'node' }
});
