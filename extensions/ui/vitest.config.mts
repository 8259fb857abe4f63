import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { environment: 'happy-dom', include: ['src/dashboard/**/*.test.ts', 'src/widgets/**/*.test.ts'] }
});
