/** The state of the page: what `lamina.lab.state` describes, field by field. */
export interface LabState {
  kind: 'lab'
  data: DataState
  layers: LayerState[]
  training: TrainingState
  seed: number
}

export interface DataState {
  kind: 'data'
  source: string
  rows: number
  noise: number
  train_share: number
  target: string
  task: string
  kinds: Record<string, string>
  features: string[]
}

export interface LayerState {
  kind: 'layer'
  units: number
  activation: string
  dropout: number
  batch_norm: boolean
  norm_place: string
  norm_momentum: number
  init: string
  init_value: number | null
  skip: boolean
}

export interface TrainingState {
  kind: 'training'
  optimizer: string
  learning_rate: number
  optimizer_settings: Record<string, number | null>
  schedule: string
  schedule_settings: Record<string, number | null>
  batch_size: number
  l1: number
  l2: number
  max_norm: number | null
  input_dropout: number
  clip_value: number | null
  clip_layer_norm: number | null
  clip_norm: number | null
  patience: number
  stop_monitor: string
  stop_tol: number
  keeps_best: boolean
  target_loss: number | null
  small_gradient: number | null
  max_epochs: number
  restarts: number
  loss: string
}

export interface Table {
  name: string
  rows: number
  columns: Record<string, string>
  note: string
}

export interface Lesson {
  title: string
  rows: string[]
  text: string
  tasks: string[]
  state: LabState
}

export interface Finding {
  name: string
  title: string
  grade: string
  text: string
  evidence: string[]
  row: string
  cures: { name: string; why: string; row: string; state: LabState | null }[]
}

export interface Welcome {
  kind: 'welcome'
  page: string
  lessons: Lesson[]
  lesson: number | null
  state: LabState
  choices: Record<'source' | 'activation' | 'init' | 'norm_place' | 'optimizer' | 'schedule' | 'task', string[]>
  /** The further settings of each optimizer and schedule, which are numbers, with their defaults. */
  further: Record<'optimizer' | 'schedule', Record<string, Record<string, number | null>>>
  init_settings: Record<string, string>
  features: Record<string, string> // of points in the plane, by their names: as they are written
  limits: { layers: number; units: number; upload: number }
  table: Table | null
}

/** What is known of an experiment before its first frame. */
export interface Begun {
  kind: 'begun'
  state: LabState
  features: string[]
  classes: string[]
  rows: { training: number; validation: number }
  points: number[][]
  validation_points: number[][]
  hidden: string[]
  weighted: string[]
  metric: string
  losses: string[] // that its rows allow
  parameters: number
  depth: number
}

export interface Layers {
  names: string[]
  bins: (number | null)[]
  mean: (number | null)[]
  std: (number | null)[]
  saturated: (number | null)[]
  dead: (number | null)[]
  gradient_rms: (number | null)[]
  update_ratio: (number | null)[]
  histogram: (number | null)[][]
}

export interface Frame {
  kind: 'frame'
  run: number
  epoch: number
  step: number
  loss: number | null
  clipped: number | null // the share of the last epoch's steps
  validation: { loss: number | null; metric: number | null }
  layers: Layers | Record<string, never>
  arrays: Record<string, Values>
}

export interface Values {
  data: Float32Array | Uint8Array
  shape: number[]
}

/** A run as far as it was seen; `slow` has what comes less often than frames: maps, densities, mean activations. */
export interface Run {
  begun: Begun
  frame: Frame | null
  slow: Record<string, Values> | null
}

/** What is about a run has the run's number; what is about none, such as the answer to a message that is wrong, has not. */
export type Message = (
  | Welcome
  | Begun
  | { kind: 'address'; address: string }
  | { kind: 'python'; text: string }
  | { kind: 'findings'; findings: Finding[]; about: string; error: string }
  | { kind: 'start'; number: number; of: number }
  | { kind: 'playing' }
  | { kind: 'paused' }
  | { kind: 'ended'; code: string; text: string }
  | { kind: 'error'; text: string }
  | { kind: 'note'; text: string }
) & { run?: number }
