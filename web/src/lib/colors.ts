/** Vermillion for negative, blue for positive (Okabe & Ito 2008): distinguishable with every common color blindness. */
const NEGATIVE = [213, 94, 0]
const POSITIVE = [0, 114, 178]

/** 256 colors from negative through the paper's to positive, as bytes of red, green and blue. */
export function scale(isDark: boolean): Uint8ClampedArray {
  const paper = isDark ? [28, 30, 36] : [250, 250, 250]
  const colors = new Uint8ClampedArray(256 * 3)
  for (let i = 0; i < 256; i++) {
    const share = (i - 127.5) / 127.5
    const end = share < 0 ? NEGATIVE : POSITIVE
    for (let c = 0; c < 3; c++) colors[3 * i + c] = paper[c]! + (end[c]! - paper[c]!) * Math.abs(share) ** 0.8
  }
  return colors
}

export function signed(value: number): string {
  return value < 0 ? 'rgb(213 94 0)' : 'rgb(0 114 178)'
}

export const isDark = (): boolean => matchMedia('(prefers-color-scheme: dark)').matches

/** Draw bytes as a picture that fills a canvas, from an array that may hold several such pictures. */
export function paint(canvas: HTMLCanvasElement, bytes: Float32Array | Uint8Array, size: number, first = 0): void {
  canvas.width = canvas.height = size
  const context = canvas.getContext('2d')!
  const picture = context.createImageData(size, size)
  const colors = scale(isDark())
  for (let i = 0; i < size * size; i++) {
    const color = 3 * bytes[first + i]!
    picture.data[4 * i] = colors[color]!
    picture.data[4 * i + 1] = colors[color + 1]!
    picture.data[4 * i + 2] = colors[color + 2]!
    picture.data[4 * i + 3] = 255
  }
  context.putImageData(picture, 0, 0)
}
