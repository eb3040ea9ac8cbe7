/*
 * How the dashboard is built and served. The pages must live under a strict Content-Security-Policy,
 * so nothing is inlined: every script, style sheet and image stays a file of its own. While
 * developing, /api goes to the gateway named by API_URL (the demo writes it to .run/demo.env).
 */
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: {
    proxy: { '/api': { target: process.env['API_URL'] ?? 'http://127.0.0.1:8080' } },
  },
  build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: {
    environment: 'jsdom',
    globals: true,
    setupFiles: './src/test-setup.ts',
    testTimeout: 10_000,
  },
});
