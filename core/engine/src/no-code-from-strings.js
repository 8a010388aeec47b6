// Takes away every way to make code from a string: `eval`, and the constructors of the four kinds of functions, which are
// reachable from any function. Modules are still compiled, by the engine itself.
(() => {
  delete globalThis.eval;
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind);
    const refuse = function () {
      throw new EvalError('this engine makes no code from strings');
    };
    Object.defineProperty(refuse, 'name', { value: prototype.constructor.name });
    Object.defineProperty(refuse, 'prototype', { value: prototype, writable: false });
    Object.defineProperty(prototype, 'constructor', { value: refuse, writable: false, configurable: false });
  }
  Object.defineProperty(globalThis, 'Function', { value: Function.prototype.constructor, writable: false, configurable: false });
})();
