/** The types that every adapter gives beside its own. */
export type { HeaderStyle } from './headers.js'
export type { LimitOptions, RequestLimiter } from './options.js'
export type { LimitVerdict, Verdict } from './verdict.js'
