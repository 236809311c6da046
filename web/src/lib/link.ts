import type { Frame, Message, Values } from './types'

const KINDS: Record<string, Float32ArrayConstructor | Uint8ArrayConstructor> = { float32: Float32Array, uint8: Uint8Array }

/** A frame as `lamina.lab.frames.pack` wrote it; its arrays lie where they came. */
export function unpack(buffer: ArrayBuffer): Frame {
  const length = new DataView(buffer).getUint32(0, true)
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)))
  const arrays: Record<string, Values> = {}
  for (const [name, each] of Object.entries<{ dtype: string; shape: number[]; place: number }>(frame.arrays)) {
    const size = each.shape.reduce((product, n) => product * n, 1)
    arrays[name] = { data: new KINDS[each.dtype]!(buffer, 4 + length + each.place, size), shape: each.shape }
  }
  return { ...frame, arrays }
}

const TRY_LATER = 1013 // what a lab says to a page too many

/** The connection to the lab's server, made anew when it breaks. */
export class Link {
  private socket: WebSocket | null = null
  private readonly waiting: string[] = []

  constructor(
    private readonly hear: (message: Message) => void,
    private readonly see: (frame: Frame) => void,
    private readonly lose: (isFull: boolean) => void,
  ) {
    this.connect()
  }

  send(message: Record<string, unknown>): void {
    const text = JSON.stringify(message)
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text)
    else this.waiting.push(text)
  }

  private connect(): void {
    const address = new URL('live', location.href)
    address.protocol = 'ws:'
    address.hash = ''
    const socket = new WebSocket(address)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      for (const text of this.waiting.splice(0)) socket.send(text)
    }
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data === 'string') this.hear(JSON.parse(event.data))
      else this.see(unpack(event.data))
    }
    socket.onclose = (event) => {
      this.lose(event.code === TRY_LATER)
      setTimeout(() => this.connect(), 2000)
    }
    this.socket = socket
  }
}
