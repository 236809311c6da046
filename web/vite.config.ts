import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// Files lie flat beside the page, under names without hashes, so that a build of the same sources is the same bytes.
export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../src/lamina/lab/page',
    emptyOutDir: true,
    assetsDir: '',
    modulePreload: { polyfill: false },
    rollupOptions: { output: { entryFileNames: 'lab.js', assetFileNames: 'lab[extname]', codeSplitting: false } },
  },
})
