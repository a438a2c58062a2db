// The app is all that there is: Next need not look for a workspace around it.
export default { turbopack: { root: import.meta.dirname ?? process.cwd() } }
