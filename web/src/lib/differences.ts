import type { LabState, LayerState } from './types'

export interface Difference {
  what: string
  from: string
  to: string
}

type Values = Record<string, unknown>

/** What differs between two states, in words; empty if nothing does. */
export function differences(from: LabState, to: LabState): Difference[] {
  return [
    ...between({ seed: from.seed }, { seed: to.seed }),
    ...between(from.data, to.data),
    ...ofLayers(from.layers, to.layers),
    ...between(from.training, to.training),
  ]
}

/** As the page calls it. */
const called = (name: string): string => (name === 'features' ? 'inputs' : name.replaceAll('_', ' '))

function between(from: object, to: object): Difference[] {
  const [a, b] = [from as Values, to as Values]
  return Object.keys(b)
    .filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]))
    .map((name) => ({ what: called(name), from: said(a[name], name), to: said(b[name], name) }))
}

/** Of layers, what changed in all of them alike is said once. */
function ofLayers(from: LayerState[], to: LayerState[]): Difference[] {
  if (from.length !== to.length) return [{ what: 'hidden layers', from: drawn(from), to: drawn(to) }]
  const each = to.map((layer, number) => between(from[number]!, layer))
  const common = (each[0] ?? []).filter((one) =>
    each.every((others) => others.some((other) => JSON.stringify(other) === JSON.stringify(one))),
  )
  const own = each.flatMap((found, number) =>
    found
      .filter((one) => !common.some((other) => other.what === one.what))
      .map((one) => ({ ...one, what: `hidden layer ${number + 1}: ${one.what}` })),
  )
  return to.length === 1 ? [...common] : [...common.map((one) => ({ ...one, what: `${one.what} of all layers` })), ...own]
}

const drawn = (layers: LayerState[]): string => layers.map((layer) => `${layer.units} ${layer.activation}`).join(', ') || 'none'

function said(value: unknown, name: string): string {
  if (value === null || value === undefined || value === '') return 'none'
  if (name === 'batch_size' && value === 0) return 'all rows'
  if (name === 'max_epochs' && value === 100_000) return '100,000'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.join(', ')
  const entries = Object.entries(value)
  return entries.map(([key, entry]) => `${key.replaceAll('_', ' ')} ${entry}`).join(', ') || 'as usual'
}
