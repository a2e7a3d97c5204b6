// @ts-self-types="npm:@elizaos/core@1.7.2"
// @elizaos/core 1.7.2 (MIT; notices: src/program/licenses.json) without what the agent never calls.
// `deno task docs` makes this file from the published package, and a test makes it again: do not edit it.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomFillSync } from "node:crypto";
import { randomUUID } from "node:crypto";
var __create = Object.create;
var __getProtoOf = Object.getPrototypeOf;
var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __toESM = (mod, isNodeMode, target) => {
  target = mod != null ? __create(__getProtoOf(mod)) : {};
  const to = 1 ? __defProp(target, "default", {
    value: mod,
    enumerable: true
  }) : target;
  for (let key of __getOwnPropNames(mod)) if (!__hasOwnProp.call(to, key)) __defProp(to, key, {
    get: () => mod[key],
    enumerable: true
  });
  return to;
};
var __commonJS = /* @__NO_SIDE_EFFECTS__ */ (cb, mod) => () => (mod || cb((mod = {
  exports: {}
}).exports, mod), mod.exports);
var __require = /* @__PURE__ */ ((name) => process.getBuiltinModule(name));
var require_picocolors = /* @__PURE__ */ __commonJS((exports, module) => {
  var p = process || {};
  var argv = p.argv || [];
  var env2 = p.env || {};
  var isColorSupported = !(!!env2.NO_COLOR || argv.includes("--no-color")) && (!!env2.FORCE_COLOR || argv.includes("--color") || p.platform === "win32" || (p.stdout || {}).isTTY && env2.TERM !== "dumb" || !!env2.CI);
  var formatter = (open, close, replace = open) => (input) => {
    let string = "" + input, index = string.indexOf(close, open.length);
    return ~index ? open + replaceClose(string, close, replace, index) + close : open + string + close;
  };
  var replaceClose = (string, close, replace, index) => {
    let result = "", cursor = 0;
    do {
      result += string.substring(cursor, index) + replace;
      cursor = index + close.length;
      index = string.indexOf(close, cursor);
    } while (~index);
    return result + string.substring(cursor);
  };
  var createColors = (enabled = isColorSupported) => {
    let f = enabled ? formatter : () => String;
    return {
      isColorSupported: enabled,
      reset: f("\x1B[0m", "\x1B[0m"),
      bold: f("\x1B[1m", "\x1B[22m", "\x1B[22m\x1B[1m"),
      dim: f("\x1B[2m", "\x1B[22m", "\x1B[22m\x1B[2m"),
      italic: f("\x1B[3m", "\x1B[23m"),
      underline: f("\x1B[4m", "\x1B[24m"),
      inverse: f("\x1B[7m", "\x1B[27m"),
      hidden: f("\x1B[8m", "\x1B[28m"),
      strikethrough: f("\x1B[9m", "\x1B[29m"),
      black: f("\x1B[30m", "\x1B[39m"),
      red: f("\x1B[31m", "\x1B[39m"),
      green: f("\x1B[32m", "\x1B[39m"),
      yellow: f("\x1B[33m", "\x1B[39m"),
      blue: f("\x1B[34m", "\x1B[39m"),
      magenta: f("\x1B[35m", "\x1B[39m"),
      cyan: f("\x1B[36m", "\x1B[39m"),
      white: f("\x1B[37m", "\x1B[39m"),
      gray: f("\x1B[90m", "\x1B[39m"),
      bgBlack: f("\x1B[40m", "\x1B[49m"),
      bgRed: f("\x1B[41m", "\x1B[49m"),
      bgGreen: f("\x1B[42m", "\x1B[49m"),
      bgYellow: f("\x1B[43m", "\x1B[49m"),
      bgBlue: f("\x1B[44m", "\x1B[49m"),
      bgMagenta: f("\x1B[45m", "\x1B[49m"),
      bgCyan: f("\x1B[46m", "\x1B[49m"),
      bgWhite: f("\x1B[47m", "\x1B[49m"),
      blackBright: f("\x1B[90m", "\x1B[39m"),
      redBright: f("\x1B[91m", "\x1B[39m"),
      greenBright: f("\x1B[92m", "\x1B[39m"),
      yellowBright: f("\x1B[93m", "\x1B[39m"),
      blueBright: f("\x1B[94m", "\x1B[39m"),
      magentaBright: f("\x1B[95m", "\x1B[39m"),
      cyanBright: f("\x1B[96m", "\x1B[39m"),
      whiteBright: f("\x1B[97m", "\x1B[39m"),
      bgBlackBright: f("\x1B[100m", "\x1B[49m"),
      bgRedBright: f("\x1B[101m", "\x1B[49m"),
      bgGreenBright: f("\x1B[102m", "\x1B[49m"),
      bgYellowBright: f("\x1B[103m", "\x1B[49m"),
      bgBlueBright: f("\x1B[104m", "\x1B[49m"),
      bgMagentaBright: f("\x1B[105m", "\x1B[49m"),
      bgCyanBright: f("\x1B[106m", "\x1B[49m"),
      bgWhiteBright: f("\x1B[107m", "\x1B[49m")
    };
  };
  module.exports = createColors();
  module.exports.createColors = createColors;
});
var require_validator = /* @__PURE__ */ __commonJS((exports, module) => {
  module.exports = validator2;
  function validator2(opts = {}) {
    const { ERR_PATHS_MUST_BE_STRINGS = () => "fast-redact - Paths must be (non-empty) strings", ERR_INVALID_PATH = (s) => `fast-redact \u2013 Invalid path (${s})` } = opts;
    return function validate({ paths }) {
      paths.forEach((s) => {
        if (typeof s !== "string") {
          throw Error(ERR_PATHS_MUST_BE_STRINGS());
        }
        try {
          if (/〇/.test(s)) throw Error();
          const expr = (s[0] === "[" ? "" : ".") + s.replace(/^\*/, "\u3007").replace(/\.\*/g, ".\u3007").replace(/\[\*\]/g, "[\u3007]");
          if (/\n|\r|;/.test(expr)) throw Error();
          if (/\/\*/.test(expr)) throw Error();
          Function(`
            'use strict'
            const o = new Proxy({}, { get: () => o, set: () => { throw Error() } });
            const \u3007 = null;
            o${expr}
            if ([o${expr}].length !== 1) throw Error()`)();
        } catch (e) {
          throw Error(ERR_INVALID_PATH(s));
        }
      });
    };
  }
});
var require_rx = /* @__PURE__ */ __commonJS((exports, module) => {
  module.exports = /[^.[\]]+|\[((?:.)*?)\]/g;
});
var require_parse4 = /* @__PURE__ */ __commonJS((exports, module) => {
  var rx = require_rx();
  module.exports = parse4;
  function parse4({ paths }) {
    const wildcards = [];
    var wcLen = 0;
    const secret = paths.reduce(function(o, strPath, ix) {
      var path2 = strPath.match(rx).map((p) => p.replace(/'|"|`/g, ""));
      const leadingBracket = strPath[0] === "[";
      path2 = path2.map((p) => {
        if (p[0] === "[") return p.substr(1, p.length - 2);
        else return p;
      });
      const star = path2.indexOf("*");
      if (star > -1) {
        const before = path2.slice(0, star);
        const beforeStr = before.join(".");
        const after = path2.slice(star + 1, path2.length);
        const nested = after.length > 0;
        wcLen++;
        wildcards.push({
          before,
          beforeStr,
          after,
          nested
        });
      } else {
        o[strPath] = {
          path: path2,
          val: void 0,
          precensored: false,
          circle: "",
          escPath: JSON.stringify(strPath),
          leadingBracket
        };
      }
      return o;
    }, {});
    return {
      wildcards,
      wcLen,
      secret
    };
  }
});
var require_redactor = /* @__PURE__ */ __commonJS((exports, module) => {
  var rx = require_rx();
  module.exports = redactor;
  function redactor({ secret, serialize: serialize3, wcLen, strict, isCensorFct, censorFctTakesPath }, state) {
    const redact2 = Function("o", `
    if (typeof o !== 'object' || o == null) {
      ${strictImpl(strict, serialize3)}
    }
    const { censor, secret } = this
    const originalSecret = {}
    const secretKeys = Object.keys(secret)
    for (var i = 0; i < secretKeys.length; i++) {
      originalSecret[secretKeys[i]] = secret[secretKeys[i]]
    }

    ${redactTmpl(secret, isCensorFct, censorFctTakesPath)}
    this.compileRestore()
    ${dynamicRedactTmpl(wcLen > 0, isCensorFct, censorFctTakesPath)}
    this.secret = originalSecret
    ${resultTmpl(serialize3)}
  `).bind(state);
    redact2.state = state;
    if (serialize3 === false) {
      redact2.restore = (o) => state.restore(o);
    }
    return redact2;
  }
  function redactTmpl(secret, isCensorFct, censorFctTakesPath) {
    return Object.keys(secret).map((path2) => {
      const { escPath, leadingBracket, path: arrPath } = secret[path2];
      const skip = leadingBracket ? 1 : 0;
      const delim = leadingBracket ? "" : ".";
      const hops = [];
      var match;
      while ((match = rx.exec(path2)) !== null) {
        const [, ix] = match;
        const { index, input } = match;
        if (index > skip) hops.push(input.substring(0, index - (ix ? 0 : 1)));
      }
      var existence = hops.map((p) => `o${delim}${p}`).join(" && ");
      if (existence.length === 0) existence += `o${delim}${path2} != null`;
      else existence += ` && o${delim}${path2} != null`;
      const circularDetection = `
      switch (true) {
        ${hops.reverse().map((p) => `
          case o${delim}${p} === censor:
            secret[${escPath}].circle = ${JSON.stringify(p)}
            break
        `).join(`
`)}
      }
    `;
      const censorArgs = censorFctTakesPath ? `val, ${JSON.stringify(arrPath)}` : `val`;
      return `
      if (${existence}) {
        const val = o${delim}${path2}
        if (val === censor) {
          secret[${escPath}].precensored = true
        } else {
          secret[${escPath}].val = val
          o${delim}${path2} = ${isCensorFct ? `censor(${censorArgs})` : "censor"}
          ${circularDetection}
        }
      }
    `;
    }).join(`
`);
  }
  function dynamicRedactTmpl(hasWildcards, isCensorFct, censorFctTakesPath) {
    return hasWildcards === true ? `
    {
      const { wildcards, wcLen, groupRedact, nestedRedact } = this
      for (var i = 0; i < wcLen; i++) {
        const { before, beforeStr, after, nested } = wildcards[i]
        if (nested === true) {
          secret[beforeStr] = secret[beforeStr] || []
          nestedRedact(secret[beforeStr], o, before, after, censor, ${isCensorFct}, ${censorFctTakesPath})
        } else secret[beforeStr] = groupRedact(o, before, censor, ${isCensorFct}, ${censorFctTakesPath})
      }
    }
  ` : "";
  }
  function resultTmpl(serialize3) {
    return serialize3 === false ? `return o` : `
    var s = this.serialize(o)
    this.restore(o)
    return s
  `;
  }
  function strictImpl(strict, serialize3) {
    return strict === true ? `throw Error('fast-redact: primitives cannot be redacted')` : serialize3 === false ? `return o` : `return this.serialize(o)`;
  }
});
var require_modifiers = /* @__PURE__ */ __commonJS((exports, module) => {
  module.exports = {
    groupRedact,
    groupRestore,
    nestedRedact,
    nestedRestore
  };
  function groupRestore({ keys: keys2, values, target }) {
    if (target == null || typeof target === "string") return;
    const length = keys2.length;
    for (var i = 0; i < length; i++) {
      const k = keys2[i];
      target[k] = values[i];
    }
  }
  function groupRedact(o, path2, censor, isCensorFct, censorFctTakesPath) {
    const target = get(o, path2);
    if (target == null || typeof target === "string") return {
      keys: null,
      values: null,
      target,
      flat: true
    };
    const keys2 = Object.keys(target);
    const keysLength = keys2.length;
    const pathLength = path2.length;
    const pathWithKey = censorFctTakesPath ? [
      ...path2
    ] : void 0;
    const values = new Array(keysLength);
    for (var i = 0; i < keysLength; i++) {
      const key = keys2[i];
      values[i] = target[key];
      if (censorFctTakesPath) {
        pathWithKey[pathLength] = key;
        target[key] = censor(target[key], pathWithKey);
      } else if (isCensorFct) {
        target[key] = censor(target[key]);
      } else {
        target[key] = censor;
      }
    }
    return {
      keys: keys2,
      values,
      target,
      flat: true
    };
  }
  function nestedRestore(instructions) {
    for (let i = 0; i < instructions.length; i++) {
      const { target, path: path2, value } = instructions[i];
      let current = target;
      for (let i2 = path2.length - 1; i2 > 0; i2--) {
        current = current[path2[i2]];
      }
      current[path2[0]] = value;
    }
  }
  function nestedRedact(store, o, path2, ns, censor, isCensorFct, censorFctTakesPath) {
    const target = get(o, path2);
    if (target == null) return;
    const keys2 = Object.keys(target);
    const keysLength = keys2.length;
    for (var i = 0; i < keysLength; i++) {
      const key = keys2[i];
      specialSet(store, target, key, path2, ns, censor, isCensorFct, censorFctTakesPath);
    }
    return store;
  }
  function has(obj, prop) {
    return obj !== void 0 && obj !== null ? "hasOwn" in Object ? Object.hasOwn(obj, prop) : Object.prototype.hasOwnProperty.call(obj, prop) : false;
  }
  function specialSet(store, o, k, path2, afterPath, censor, isCensorFct, censorFctTakesPath) {
    const afterPathLen = afterPath.length;
    const lastPathIndex = afterPathLen - 1;
    const originalKey = k;
    var i = -1;
    var n;
    var nv;
    var ov;
    var oov = null;
    var wc = null;
    var kIsWc;
    var wcov;
    var consecutive = false;
    var level = 0;
    var depth = 0;
    var redactPathCurrent = tree();
    ov = n = o[k];
    if (typeof n !== "object") return;
    while (n != null && ++i < afterPathLen) {
      depth += 1;
      k = afterPath[i];
      oov = ov;
      if (k !== "*" && !wc && !(typeof n === "object" && k in n)) {
        break;
      }
      if (k === "*") {
        if (wc === "*") {
          consecutive = true;
        }
        wc = k;
        if (i !== lastPathIndex) {
          continue;
        }
      }
      if (wc) {
        const wcKeys = Object.keys(n);
        for (var j = 0; j < wcKeys.length; j++) {
          const wck = wcKeys[j];
          wcov = n[wck];
          kIsWc = k === "*";
          if (consecutive) {
            redactPathCurrent = node(redactPathCurrent, wck, depth);
            level = i;
            ov = iterateNthLevel(wcov, level - 1, k, path2, afterPath, censor, isCensorFct, censorFctTakesPath, originalKey, n, nv, ov, kIsWc, wck, i, lastPathIndex, redactPathCurrent, store, o[originalKey], depth + 1);
          } else {
            if (kIsWc || typeof wcov === "object" && wcov !== null && k in wcov) {
              if (kIsWc) {
                ov = wcov;
              } else {
                ov = wcov[k];
              }
              nv = i !== lastPathIndex ? ov : isCensorFct ? censorFctTakesPath ? censor(ov, [
                ...path2,
                originalKey,
                ...afterPath
              ]) : censor(ov) : censor;
              if (kIsWc) {
                const rv = restoreInstr(node(redactPathCurrent, wck, depth), ov, o[originalKey]);
                store.push(rv);
                n[wck] = nv;
              } else {
                if (wcov[k] === nv) {
                } else if (nv === void 0 && censor !== void 0 || has(wcov, k) && nv === ov) {
                  redactPathCurrent = node(redactPathCurrent, wck, depth);
                } else {
                  redactPathCurrent = node(redactPathCurrent, wck, depth);
                  const rv = restoreInstr(node(redactPathCurrent, k, depth + 1), ov, o[originalKey]);
                  store.push(rv);
                  wcov[k] = nv;
                }
              }
            }
          }
        }
        wc = null;
      } else {
        ov = n[k];
        redactPathCurrent = node(redactPathCurrent, k, depth);
        nv = i !== lastPathIndex ? ov : isCensorFct ? censorFctTakesPath ? censor(ov, [
          ...path2,
          originalKey,
          ...afterPath
        ]) : censor(ov) : censor;
        if (has(n, k) && nv === ov || nv === void 0 && censor !== void 0) {
        } else {
          const rv = restoreInstr(redactPathCurrent, ov, o[originalKey]);
          store.push(rv);
          n[k] = nv;
        }
        n = n[k];
      }
      if (typeof n !== "object") break;
      if (ov === oov || typeof ov === "undefined") {
      }
    }
  }
  function get(o, p) {
    var i = -1;
    var l = p.length;
    var n = o;
    while (n != null && ++i < l) {
      n = n[p[i]];
    }
    return n;
  }
  function iterateNthLevel(wcov, level, k, path2, afterPath, censor, isCensorFct, censorFctTakesPath, originalKey, n, nv, ov, kIsWc, wck, i, lastPathIndex, redactPathCurrent, store, parent, depth) {
    if (level === 0) {
      if (kIsWc || typeof wcov === "object" && wcov !== null && k in wcov) {
        if (kIsWc) {
          ov = wcov;
        } else {
          ov = wcov[k];
        }
        nv = i !== lastPathIndex ? ov : isCensorFct ? censorFctTakesPath ? censor(ov, [
          ...path2,
          originalKey,
          ...afterPath
        ]) : censor(ov) : censor;
        if (kIsWc) {
          const rv = restoreInstr(redactPathCurrent, ov, parent);
          store.push(rv);
          n[wck] = nv;
        } else {
          if (wcov[k] === nv) {
          } else if (nv === void 0 && censor !== void 0 || has(wcov, k) && nv === ov) {
          } else {
            const rv = restoreInstr(node(redactPathCurrent, k, depth + 1), ov, parent);
            store.push(rv);
            wcov[k] = nv;
          }
        }
      }
    }
    for (const key in wcov) {
      if (typeof wcov[key] === "object") {
        redactPathCurrent = node(redactPathCurrent, key, depth);
        iterateNthLevel(wcov[key], level - 1, k, path2, afterPath, censor, isCensorFct, censorFctTakesPath, originalKey, n, nv, ov, kIsWc, wck, i, lastPathIndex, redactPathCurrent, store, parent, depth + 1);
      }
    }
  }
  function tree() {
    return {
      parent: null,
      key: null,
      children: [],
      depth: 0
    };
  }
  function node(parent, key, depth) {
    if (parent.depth === depth) {
      return node(parent.parent, key, depth);
    }
    var child = {
      parent,
      key,
      depth,
      children: []
    };
    parent.children.push(child);
    return child;
  }
  function restoreInstr(node2, value, target) {
    let current = node2;
    const path2 = [];
    do {
      path2.push(current.key);
      current = current.parent;
    } while (current.parent != null);
    return {
      path: path2,
      value,
      target
    };
  }
});
var require_restorer = /* @__PURE__ */ __commonJS((exports, module) => {
  var { groupRestore, nestedRestore } = require_modifiers();
  module.exports = restorer;
  function restorer() {
    return function compileRestore() {
      if (this.restore) {
        this.restore.state.secret = this.secret;
        return;
      }
      const { secret, wcLen } = this;
      const paths = Object.keys(secret);
      const resetters = resetTmpl(secret, paths);
      const hasWildcards = wcLen > 0;
      const state = hasWildcards ? {
        secret,
        groupRestore,
        nestedRestore
      } : {
        secret
      };
      this.restore = Function("o", restoreTmpl(resetters, paths, hasWildcards)).bind(state);
      this.restore.state = state;
    };
  }
  function resetTmpl(secret, paths) {
    return paths.map((path2) => {
      const { circle, escPath, leadingBracket } = secret[path2];
      const delim = leadingBracket ? "" : ".";
      const reset = circle ? `o.${circle} = secret[${escPath}].val` : `o${delim}${path2} = secret[${escPath}].val`;
      const clear = `secret[${escPath}].val = undefined`;
      return `
      if (secret[${escPath}].val !== undefined) {
        try { ${reset} } catch (e) {}
        ${clear}
      }
    `;
    }).join("");
  }
  function restoreTmpl(resetters, paths, hasWildcards) {
    const dynamicReset = hasWildcards === true ? `
    const keys = Object.keys(secret)
    const len = keys.length
    for (var i = len - 1; i >= ${paths.length}; i--) {
      const k = keys[i]
      const o = secret[k]
      if (o) {
        if (o.flat === true) this.groupRestore(o)
        else this.nestedRestore(o)
        secret[k] = null
      }
    }
  ` : "";
    return `
    const secret = this.secret
    ${dynamicReset}
    ${resetters}
    return o
  `;
  }
});
var require_state = /* @__PURE__ */ __commonJS((exports, module) => {
  module.exports = state;
  function state(o) {
    const { secret, censor, compileRestore, serialize: serialize3, groupRedact, nestedRedact, wildcards, wcLen } = o;
    const builder = [
      {
        secret,
        censor,
        compileRestore
      }
    ];
    if (serialize3 !== false) builder.push({
      serialize: serialize3
    });
    if (wcLen > 0) builder.push({
      groupRedact,
      nestedRedact,
      wildcards,
      wcLen
    });
    return Object.assign(...builder);
  }
});
var require_fast_redact = /* @__PURE__ */ __commonJS((exports, module) => {
  var validator2 = require_validator();
  var parse4 = require_parse4();
  var redactor = require_redactor();
  var restorer = require_restorer();
  var { groupRedact, nestedRedact } = require_modifiers();
  var state = require_state();
  var rx = require_rx();
  var validate5 = validator2();
  var noop = (o) => o;
  noop.restore = noop;
  var DEFAULT_CENSOR = "[REDACTED]";
  fastRedact.rx = rx;
  fastRedact.validator = validator2;
  module.exports = fastRedact;
  function fastRedact(opts = {}) {
    const paths = Array.from(new Set(opts.paths || []));
    const serialize3 = "serialize" in opts ? opts.serialize === false ? opts.serialize : typeof opts.serialize === "function" ? opts.serialize : JSON.stringify : JSON.stringify;
    const remove = opts.remove;
    if (remove === true && serialize3 !== JSON.stringify) {
      throw Error("fast-redact \u2013 remove option may only be set when serializer is JSON.stringify");
    }
    const censor = remove === true ? void 0 : "censor" in opts ? opts.censor : DEFAULT_CENSOR;
    const isCensorFct = typeof censor === "function";
    const censorFctTakesPath = isCensorFct && censor.length > 1;
    if (paths.length === 0) return serialize3 || noop;
    validate5({
      paths,
      serialize: serialize3,
      censor
    });
    const { wildcards, wcLen, secret } = parse4({
      paths,
      censor
    });
    const compileRestore = restorer();
    const strict = "strict" in opts ? opts.strict : true;
    return redactor({
      secret,
      wcLen,
      serialize: serialize3,
      strict,
      isCensorFct,
      censorFctTakesPath
    }, state({
      secret,
      censor,
      compileRestore,
      serialize: serialize3,
      groupRedact,
      nestedRedact,
      wildcards,
      wcLen
    }));
  }
});
var NoopContextManager = class {
  run(_context, fn) {
    return fn();
  }
  active() {
    return;
  }
};
var globalContextManager = new NoopContextManager();
function setStreamingContextManager(manager) {
  globalContextManager = manager;
}
function runWithStreamingContext(context, fn) {
  return globalContextManager.run(context, fn);
}
function getStreamingContext() {
  return globalContextManager.active();
}
var AsyncLocalStorageContextManager = class {
  storage = new AsyncLocalStorage();
  run(context, fn) {
    return this.storage.run(context, fn);
  }
  active() {
    return this.storage.getStore();
  }
};
function createNodeStreamingContextManager() {
  return new AsyncLocalStorageContextManager();
}
var ContentType;
((ContentType2) => {
  ContentType2["IMAGE"] = "image";
  ContentType2["VIDEO"] = "video";
  ContentType2["AUDIO"] = "audio";
  ContentType2["DOCUMENT"] = "document";
  ContentType2["LINK"] = "link";
})(ContentType ||= {});
var Role;
((Role2) => {
  Role2["OWNER"] = "OWNER";
  Role2["ADMIN"] = "ADMIN";
  Role2["NONE"] = "NONE";
})(Role ||= {});
var ChannelType;
((ChannelType2) => {
  ChannelType2["SELF"] = "SELF";
  ChannelType2["DM"] = "DM";
  ChannelType2["GROUP"] = "GROUP";
  ChannelType2["VOICE_DM"] = "VOICE_DM";
  ChannelType2["VOICE_GROUP"] = "VOICE_GROUP";
  ChannelType2["FEED"] = "FEED";
  ChannelType2["THREAD"] = "THREAD";
  ChannelType2["WORLD"] = "WORLD";
  ChannelType2["FORUM"] = "FORUM";
  ChannelType2["API"] = "API";
})(ChannelType ||= {});
var MemoryType;
((MemoryType2) => {
  MemoryType2["DOCUMENT"] = "document";
  MemoryType2["FRAGMENT"] = "fragment";
  MemoryType2["MESSAGE"] = "message";
  MemoryType2["DESCRIPTION"] = "description";
  MemoryType2["CUSTOM"] = "custom";
})(MemoryType ||= {});
var AgentStatus;
((AgentStatus2) => {
  AgentStatus2["ACTIVE"] = "active";
  AgentStatus2["INACTIVE"] = "inactive";
})(AgentStatus ||= {});
var ModelType = {
  SMALL: "TEXT_SMALL",
  MEDIUM: "TEXT_LARGE",
  LARGE: "TEXT_LARGE",
  TEXT_SMALL: "TEXT_SMALL",
  TEXT_LARGE: "TEXT_LARGE",
  TEXT_EMBEDDING: "TEXT_EMBEDDING",
  TEXT_TOKENIZER_ENCODE: "TEXT_TOKENIZER_ENCODE",
  TEXT_TOKENIZER_DECODE: "TEXT_TOKENIZER_DECODE",
  TEXT_REASONING_SMALL: "REASONING_SMALL",
  TEXT_REASONING_LARGE: "REASONING_LARGE",
  TEXT_COMPLETION: "TEXT_COMPLETION",
  IMAGE: "IMAGE",
  IMAGE_DESCRIPTION: "IMAGE_DESCRIPTION",
  TRANSCRIPTION: "TRANSCRIPTION",
  TEXT_TO_SPEECH: "TEXT_TO_SPEECH",
  AUDIO: "AUDIO",
  VIDEO: "VIDEO",
  OBJECT_SMALL: "OBJECT_SMALL",
  OBJECT_LARGE: "OBJECT_LARGE"
};
var MODEL_SETTINGS = {
  DEFAULT_MAX_TOKENS: "DEFAULT_MAX_TOKENS",
  DEFAULT_TEMPERATURE: "DEFAULT_TEMPERATURE",
  DEFAULT_TOP_P: "DEFAULT_TOP_P",
  DEFAULT_TOP_K: "DEFAULT_TOP_K",
  DEFAULT_MIN_P: "DEFAULT_MIN_P",
  DEFAULT_SEED: "DEFAULT_SEED",
  DEFAULT_REPETITION_PENALTY: "DEFAULT_REPETITION_PENALTY",
  DEFAULT_FREQUENCY_PENALTY: "DEFAULT_FREQUENCY_PENALTY",
  DEFAULT_PRESENCE_PENALTY: "DEFAULT_PRESENCE_PENALTY",
  TEXT_SMALL_MAX_TOKENS: "TEXT_SMALL_MAX_TOKENS",
  TEXT_SMALL_TEMPERATURE: "TEXT_SMALL_TEMPERATURE",
  TEXT_SMALL_TOP_P: "TEXT_SMALL_TOP_P",
  TEXT_SMALL_TOP_K: "TEXT_SMALL_TOP_K",
  TEXT_SMALL_MIN_P: "TEXT_SMALL_MIN_P",
  TEXT_SMALL_SEED: "TEXT_SMALL_SEED",
  TEXT_SMALL_REPETITION_PENALTY: "TEXT_SMALL_REPETITION_PENALTY",
  TEXT_SMALL_FREQUENCY_PENALTY: "TEXT_SMALL_FREQUENCY_PENALTY",
  TEXT_SMALL_PRESENCE_PENALTY: "TEXT_SMALL_PRESENCE_PENALTY",
  TEXT_LARGE_MAX_TOKENS: "TEXT_LARGE_MAX_TOKENS",
  TEXT_LARGE_TEMPERATURE: "TEXT_LARGE_TEMPERATURE",
  TEXT_LARGE_TOP_P: "TEXT_LARGE_TOP_P",
  TEXT_LARGE_TOP_K: "TEXT_LARGE_TOP_K",
  TEXT_LARGE_MIN_P: "TEXT_LARGE_MIN_P",
  TEXT_LARGE_SEED: "TEXT_LARGE_SEED",
  TEXT_LARGE_REPETITION_PENALTY: "TEXT_LARGE_REPETITION_PENALTY",
  TEXT_LARGE_FREQUENCY_PENALTY: "TEXT_LARGE_FREQUENCY_PENALTY",
  TEXT_LARGE_PRESENCE_PENALTY: "TEXT_LARGE_PRESENCE_PENALTY",
  OBJECT_SMALL_MAX_TOKENS: "OBJECT_SMALL_MAX_TOKENS",
  OBJECT_SMALL_TEMPERATURE: "OBJECT_SMALL_TEMPERATURE",
  OBJECT_SMALL_TOP_P: "OBJECT_SMALL_TOP_P",
  OBJECT_SMALL_TOP_K: "OBJECT_SMALL_TOP_K",
  OBJECT_SMALL_MIN_P: "OBJECT_SMALL_MIN_P",
  OBJECT_SMALL_SEED: "OBJECT_SMALL_SEED",
  OBJECT_SMALL_REPETITION_PENALTY: "OBJECT_SMALL_REPETITION_PENALTY",
  OBJECT_SMALL_FREQUENCY_PENALTY: "OBJECT_SMALL_FREQUENCY_PENALTY",
  OBJECT_SMALL_PRESENCE_PENALTY: "OBJECT_SMALL_PRESENCE_PENALTY",
  OBJECT_LARGE_MAX_TOKENS: "OBJECT_LARGE_MAX_TOKENS",
  OBJECT_LARGE_TEMPERATURE: "OBJECT_LARGE_TEMPERATURE",
  OBJECT_LARGE_TOP_P: "OBJECT_LARGE_TOP_P",
  OBJECT_LARGE_TOP_K: "OBJECT_LARGE_TOP_K",
  OBJECT_LARGE_MIN_P: "OBJECT_LARGE_MIN_P",
  OBJECT_LARGE_SEED: "OBJECT_LARGE_SEED",
  OBJECT_LARGE_REPETITION_PENALTY: "OBJECT_LARGE_REPETITION_PENALTY",
  OBJECT_LARGE_FREQUENCY_PENALTY: "OBJECT_LARGE_FREQUENCY_PENALTY",
  OBJECT_LARGE_PRESENCE_PENALTY: "OBJECT_LARGE_PRESENCE_PENALTY",
  TEXT_REASONING_SMALL_MAX_TOKENS: "TEXT_REASONING_SMALL_MAX_TOKENS",
  TEXT_REASONING_SMALL_TEMPERATURE: "TEXT_REASONING_SMALL_TEMPERATURE",
  TEXT_REASONING_SMALL_TOP_P: "TEXT_REASONING_SMALL_TOP_P",
  TEXT_REASONING_SMALL_TOP_K: "TEXT_REASONING_SMALL_TOP_K",
  TEXT_REASONING_SMALL_MIN_P: "TEXT_REASONING_SMALL_MIN_P",
  TEXT_REASONING_SMALL_SEED: "TEXT_REASONING_SMALL_SEED",
  TEXT_REASONING_SMALL_REPETITION_PENALTY: "TEXT_REASONING_SMALL_REPETITION_PENALTY",
  TEXT_REASONING_SMALL_FREQUENCY_PENALTY: "TEXT_REASONING_SMALL_FREQUENCY_PENALTY",
  TEXT_REASONING_SMALL_PRESENCE_PENALTY: "TEXT_REASONING_SMALL_PRESENCE_PENALTY",
  TEXT_REASONING_LARGE_MAX_TOKENS: "TEXT_REASONING_LARGE_MAX_TOKENS",
  TEXT_REASONING_LARGE_TEMPERATURE: "TEXT_REASONING_LARGE_TEMPERATURE",
  TEXT_REASONING_LARGE_TOP_P: "TEXT_REASONING_LARGE_TOP_P",
  TEXT_REASONING_LARGE_TOP_K: "TEXT_REASONING_LARGE_TOP_K",
  TEXT_REASONING_LARGE_MIN_P: "TEXT_REASONING_LARGE_MIN_P",
  TEXT_REASONING_LARGE_SEED: "TEXT_REASONING_LARGE_SEED",
  TEXT_REASONING_LARGE_REPETITION_PENALTY: "TEXT_REASONING_LARGE_REPETITION_PENALTY",
  TEXT_REASONING_LARGE_FREQUENCY_PENALTY: "TEXT_REASONING_LARGE_FREQUENCY_PENALTY",
  TEXT_REASONING_LARGE_PRESENCE_PENALTY: "TEXT_REASONING_LARGE_PRESENCE_PENALTY",
  TEXT_COMPLETION_MAX_TOKENS: "TEXT_COMPLETION_MAX_TOKENS",
  TEXT_COMPLETION_TEMPERATURE: "TEXT_COMPLETION_TEMPERATURE",
  TEXT_COMPLETION_TOP_P: "TEXT_COMPLETION_TOP_P",
  TEXT_COMPLETION_TOP_K: "TEXT_COMPLETION_TOP_K",
  TEXT_COMPLETION_MIN_P: "TEXT_COMPLETION_MIN_P",
  TEXT_COMPLETION_SEED: "TEXT_COMPLETION_SEED",
  TEXT_COMPLETION_REPETITION_PENALTY: "TEXT_COMPLETION_REPETITION_PENALTY",
  TEXT_COMPLETION_FREQUENCY_PENALTY: "TEXT_COMPLETION_FREQUENCY_PENALTY",
  TEXT_COMPLETION_PRESENCE_PENALTY: "TEXT_COMPLETION_PRESENCE_PENALTY",
  MODEL_MAX_TOKEN: "MODEL_MAX_TOKEN",
  MODEL_TEMPERATURE: "MODEL_TEMPERATURE",
  MODEL_FREQ_PENALTY: "MODEL_FREQ_PENALTY",
  MODEL_PRESENCE_PENALTY: "MODEL_PRESENCE_PENALTY"
};
var EventType;
((EventType2) => {
  EventType2["WORLD_JOINED"] = "WORLD_JOINED";
  EventType2["WORLD_CONNECTED"] = "WORLD_CONNECTED";
  EventType2["WORLD_LEFT"] = "WORLD_LEFT";
  EventType2["ENTITY_JOINED"] = "ENTITY_JOINED";
  EventType2["ENTITY_LEFT"] = "ENTITY_LEFT";
  EventType2["ENTITY_UPDATED"] = "ENTITY_UPDATED";
  EventType2["ROOM_JOINED"] = "ROOM_JOINED";
  EventType2["ROOM_LEFT"] = "ROOM_LEFT";
  EventType2["MESSAGE_RECEIVED"] = "MESSAGE_RECEIVED";
  EventType2["MESSAGE_SENT"] = "MESSAGE_SENT";
  EventType2["MESSAGE_DELETED"] = "MESSAGE_DELETED";
  EventType2["CHANNEL_CLEARED"] = "CHANNEL_CLEARED";
  EventType2["VOICE_MESSAGE_RECEIVED"] = "VOICE_MESSAGE_RECEIVED";
  EventType2["VOICE_MESSAGE_SENT"] = "VOICE_MESSAGE_SENT";
  EventType2["REACTION_RECEIVED"] = "REACTION_RECEIVED";
  EventType2["POST_GENERATED"] = "POST_GENERATED";
  EventType2["INTERACTION_RECEIVED"] = "INTERACTION_RECEIVED";
  EventType2["RUN_STARTED"] = "RUN_STARTED";
  EventType2["RUN_ENDED"] = "RUN_ENDED";
  EventType2["RUN_TIMEOUT"] = "RUN_TIMEOUT";
  EventType2["ACTION_STARTED"] = "ACTION_STARTED";
  EventType2["ACTION_COMPLETED"] = "ACTION_COMPLETED";
  EventType2["EVALUATOR_STARTED"] = "EVALUATOR_STARTED";
  EventType2["EVALUATOR_COMPLETED"] = "EVALUATOR_COMPLETED";
  EventType2["MODEL_USED"] = "MODEL_USED";
  EventType2["EMBEDDING_GENERATION_REQUESTED"] = "EMBEDDING_GENERATION_REQUESTED";
  EventType2["EMBEDDING_GENERATION_COMPLETED"] = "EMBEDDING_GENERATION_COMPLETED";
  EventType2["EMBEDDING_GENERATION_FAILED"] = "EMBEDDING_GENERATION_FAILED";
  EventType2["CONTROL_MESSAGE"] = "CONTROL_MESSAGE";
})(EventType ||= {});
var PlatformPrefix;
((PlatformPrefix2) => {
  PlatformPrefix2["DISCORD"] = "DISCORD";
  PlatformPrefix2["TELEGRAM"] = "TELEGRAM";
  PlatformPrefix2["TWITTER"] = "TWITTER";
})(PlatformPrefix ||= {});
var TEEMode;
((TEEMode2) => {
  TEEMode2["OFF"] = "OFF";
  TEEMode2["LOCAL"] = "LOCAL";
  TEEMode2["DOCKER"] = "DOCKER";
  TEEMode2["PRODUCTION"] = "PRODUCTION";
})(TEEMode ||= {});
var TeeType;
((TeeType2) => {
  TeeType2["TDX_DSTACK"] = "tdx_dstack";
})(TeeType ||= {});
var SOCKET_MESSAGE_TYPE;
((SOCKET_MESSAGE_TYPE2) => {
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["ROOM_JOINING"] = 1] = "ROOM_JOINING";
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["SEND_MESSAGE"] = 2] = "SEND_MESSAGE";
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["MESSAGE"] = 3] = "MESSAGE";
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["ACK"] = 4] = "ACK";
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["THINKING"] = 5] = "THINKING";
  SOCKET_MESSAGE_TYPE2[SOCKET_MESSAGE_TYPE2["CONTROL"] = 6] = "CONTROL";
})(SOCKET_MESSAGE_TYPE ||= {});
var RecursiveCharacterTextSplitter = leftOut("LangChain");
var import_handlebars = leftOut("handlebars");
var import_unique_names_generator = leftOut("unique-names-generator");
var cachedEnvironment = null;
function detectEnvironment() {
  if (cachedEnvironment !== null) return cachedEnvironment;
  if (typeof process !== "undefined" && process.versions?.node) {
    cachedEnvironment = "node";
    return cachedEnvironment;
  }
  const global2 = globalThis;
  if (typeof globalThis !== "undefined" && global2.window?.document !== void 0) {
    cachedEnvironment = "browser";
    return cachedEnvironment;
  }
  cachedEnvironment = "unknown";
  return cachedEnvironment;
}
var BrowserEnvironmentStore = class {
  store = {};
  constructor() {
    const windowWithEnv = globalThis;
    if (windowWithEnv.window?.ENV) {
      this.store = {
        ...windowWithEnv.window.ENV
      };
    }
    const globalWithEnv = globalThis;
    if (globalWithEnv.__ENV__) {
      this.store = {
        ...this.store,
        ...globalWithEnv.__ENV__
      };
    }
  }
  get(key) {
    const value = this.store[key];
    return value !== void 0 ? String(value) : void 0;
  }
  set(key, value) {
    this.store[key] = value;
  }
  getAll() {
    return {
      ...this.store
    };
  }
};
var Environment = class _Environment {
  runtime;
  browserStore;
  cache = /* @__PURE__ */ new Map();
  constructor() {
    this.runtime = detectEnvironment();
    if (this.runtime === "browser") {
      this.browserStore = new BrowserEnvironmentStore();
    }
  }
  getRuntime() {
    return this.runtime;
  }
  isNode() {
    return this.runtime === "node";
  }
  isBrowser() {
    return this.runtime === "browser";
  }
  get(key, defaultValue) {
    if (this.cache.has(key)) {
      const cached = this.cache.get(key);
      return cached ?? defaultValue;
    }
    let value;
    if (this.runtime === "node" && typeof process !== "undefined") {
      value = process.env[key];
    } else if (this.runtime === "browser") {
      value = this.browserStore?.get(key);
    }
    this.cache.set(key, value);
    return value ?? defaultValue;
  }
  set(key, value) {
    this.cache.delete(key);
    const stringValue = String(value);
    if (this.runtime === "node" && typeof process !== "undefined") {
      process.env[key] = stringValue;
    } else if (this.runtime === "browser") {
      this.browserStore?.set(key, value);
    }
  }
  has(key) {
    return this.get(key) !== void 0;
  }
  getAll() {
    if (this.runtime === "node" && typeof process !== "undefined") {
      return {
        ...process.env
      };
    }
    if (this.runtime === "browser" && this.browserStore) {
      return this.browserStore.getAll();
    }
    return {};
  }
  static TRUTHY_VALUES = /* @__PURE__ */ new Set([
    "true",
    "1",
    "yes",
    "on"
  ]);
  getBoolean(key, defaultValue = false) {
    const value = this.get(key);
    if (value === void 0) return defaultValue;
    return _Environment.TRUTHY_VALUES.has(value.toLowerCase());
  }
  getNumber(key, defaultValue) {
    const value = this.get(key);
    if (value === void 0) return defaultValue;
    const parsed = Number(value);
    return isNaN(parsed) ? defaultValue : parsed;
  }
  clearCache() {
    this.cache.clear();
  }
};
var environmentInstance = null;
function getEnvironment() {
  environmentInstance ??= new Environment();
  return environmentInstance;
}
function getEnv3(key, defaultValue) {
  return getEnvironment().get(key, defaultValue);
}
function getNumberEnv(key, defaultValue) {
  return getEnvironment().getNumber(key, defaultValue);
}
var currentRuntime = detectEnvironment();
var Tools = class {
  globalStore;
  constructor(globalStore) {
    this.globalStore = globalStore;
  }
  clear() {
    console.clear();
  }
  filterByLabel(label) {
    const logs = filterByLabel(label, this.globalStore.cache);
    logs.forEach((log) => {
      render(log);
    });
  }
  filterByNamespace(...namespace) {
    const logs = filterByNamespace(namespace, this.globalStore.cache);
    logs.forEach((log) => {
      render(log);
    });
  }
  filterByLevel(level) {
    const logs = filterByLevel(level, this.globalStore.cache);
    logs.forEach((log) => {
      render(log);
    });
  }
  renderAll() {
    this.globalStore.cache.forEach((log) => {
      render(log);
    });
  }
};
var AdzeGlobal = class {
  config;
  pidCounter = 1;
  labels = /* @__PURE__ */ new Map();
  _listenerCounter = 0;
  _levelsToListeners = /* @__PURE__ */ new Map();
  _cache = [];
  constructor(configuration = {}) {
    this.config = configuration;
  }
  get cache() {
    return this._cache;
  }
  get configuration() {
    return this.config;
  }
  get pid() {
    const current = this.pidCounter;
    this.pidCounter++;
    return current;
  }
  get tools() {
    return new Tools(this);
  }
  addLogToCache(log) {
    if (this._cache.length < (this.config.cacheSize ?? 300)) {
      this._cache.push(log);
    }
  }
  clearCache() {
    this._cache = [];
  }
  getLabel(name) {
    return this.labels.get(name);
  }
  setLabel(name, label) {
    this.labels.set(name, label);
  }
  addListener(levels, listener) {
    const id = this._listenerCounter += 1;
    const normalizedLevels = normalizeLevelSelector({
      ...defaultConfiguration.levels,
      ...this.config.levels ?? {}
    }, levels);
    normalizedLevels.forEach((level) => {
      if (this._levelsToListeners.has(level)) {
        const levelContainer = this._levelsToListeners.get(level);
        levelContainer.set(id, listener);
      } else {
        this._levelsToListeners.set(level, /* @__PURE__ */ new Map([
          [
            id,
            listener
          ]
        ]));
      }
    });
    return id;
  }
  removeListener(id) {
    this._levelsToListeners.forEach((levelContainer) => {
      levelContainer.delete(id);
    });
  }
  getListeners(level) {
    return Array.from(this._levelsToListeners.get(level)?.values() ?? []);
  }
};
function setup(cfg) {
  globalThis.$adzeGlobal = new AdzeGlobal(cfg);
  return globalThis.$adzeGlobal;
}
function getGlobal(cfg) {
  const store = globalThis.$adzeGlobal;
  if (isGlobalInitialized(store)) {
    return store;
  }
  const globalCtxt = new AdzeGlobal(cfg);
  globalThis.$adzeGlobal = globalCtxt;
  return globalCtxt;
}
function isGlobalInitialized(global2) {
  return global2 instanceof AdzeGlobal;
}
function isBrowser3() {
  return typeof window !== "undefined" && typeof window.location !== "undefined" && typeof window.navigator.userAgent !== "undefined" && !isDeno3();
}
function isDeno3() {
  return typeof Deno !== "undefined";
}
function envIsWindow(_) {
  return isBrowser3();
}
function isTestEnvironment() {
  let urlAdzeEnvTest = false;
  if (isBrowser3()) {
    const urlParams = new URLSearchParams(globalThis.location.search);
    urlAdzeEnvTest = urlParams.get("ADZE_ENV") === "test";
  }
  return globalThis.$ADZE_ENV === "test" || urlAdzeEnvTest;
}
function isFirefox() {
  const _glbl = globalThis;
  if (envIsWindow(_glbl)) {
    return _glbl.navigator.userAgent.includes("Firefox");
  }
  return false;
}
function isString(value) {
  return Object.prototype.toString.call(value) === "[object String]";
}
function isNumber(value) {
  return value !== null && typeof value === "number" && !isNaN(Number(value));
}
function isMethodWithArgs(value) {
  return methodsWithArgs.includes(value);
}
function isSpecialMethod(value) {
  return specialMethods.includes(value);
}
function isSpecialMethodWithLeader(value) {
  return specialMethodsWithArgsAndLeader.includes(value);
}
function isStringArray(value) {
  return value.every((v) => isString(v));
}
function isRange(value) {
  return Array.isArray(value) && value.length === 3 && value[1] === "-";
}
function stacktrace() {
  return Error().stack?.replace(/^Error\n/, `
`);
}
function getActiveLevel(cfg) {
  if (isNumber(cfg.activeLevel)) return cfg.activeLevel;
  return cfg.levels[cfg.activeLevel].level;
}
var _picocolors = __toESM(require_picocolors(), 1);
var picocolors = _picocolors.default ?? _picocolors;
function initialCaps(str) {
  return str.charAt(0).toUpperCase() + str.slice(1);
}
function allLevels(levels) {
  return Object.values(levels).map((level) => level.level);
}
function makeRange(allLevels2, start, end) {
  return allLevels2.filter((level) => level >= start && level <= end);
}
function addPadding(str, withEmoji = false, emoji) {
  const len = withEmoji && emoji ? 9 + emoji.length : 9;
  const diff = len - str.length;
  let padded = str;
  for (let i = 0; i <= diff; i += 1) {
    padded += " ";
  }
  return padded;
}
function applyStyles(str, styles2) {
  return styles2.reduce((acc, style) => {
    return picocolors[style](acc);
  }, str);
}
function render(log) {
  if (log.data) {
    console[log.data.method](...log.data.message);
  }
}
function cleanMessage(message) {
  return message.filter((msg) => msg !== "");
}
function isObject(val) {
  return typeof val === "object" && val !== null;
}
function normalizeLevelSelector(levels, selector) {
  if (selector === "*") return Object.values(levels).map((lvl) => lvl.level);
  if (isString(selector)) {
    return [
      levels[selector].level
    ];
  }
  if (isNumber(selector)) return [
    selector
  ];
  if (isRange(selector)) {
    if (isStringArray(selector)) {
      const start = levels[selector[0]].level;
      const end = levels[selector[2]].level;
      return makeRange(allLevels(levels), start, end);
    }
    return makeRange(allLevels(levels), selector[0], selector[2]);
  }
  if (Array.isArray(selector) && isStringArray(selector)) {
    return selector.map((f) => levels[f].level);
  }
  return selector;
}
function failsLevelSelector(type, levels, level) {
  if (levels.length === 0) return false;
  return type === "include" ? !levels.includes(level) : levels.includes(level);
}
function isNotIncluded(source, values) {
  if (source.length === 0) return false;
  if (source.length > 0 && values.length === 0) return true;
  return !values.map((v) => source.includes(v)).includes(true);
}
function isExcluded(source, values) {
  if (source.length === 0) return false;
  if (source.length > 0 && values.length === 0) return true;
  return values.map((v) => source.includes(v)).includes(true);
}
function filterByLabel(label, logs) {
  return logs.filter((log) => log.data?.label?.name === label);
}
function filterByNamespace(namespace, logs) {
  return logs.filter((log) => {
    if (log.data?.namespace) {
      const isMatched = log.data.namespace.map((ns) => namespace.includes(ns)).includes(true);
      return isMatched;
    }
    return false;
  });
}
function filterByLevel(level, logs) {
  return logs.filter((log) => {
    const levels = normalizeLevelSelector(log.configuration.levels, level);
    if (log.data?.level === void 0) return false;
    return failsLevelSelector("exclude", levels, log.data.level);
  });
}
function formatNamespace(ns) {
  if (ns && ns.length > 0) {
    return ns.reduce((acc, name) => `${acc}#${name} `, "");
  }
  return "";
}
function formatLabel(lbl) {
  return lbl ? `[${lbl.name}] ` : "";
}
function formatCount(count) {
  return count !== void 0 ? `(Count: ${count}) ` : "";
}
function formatAssert(expression, withEmoji) {
  return expression !== void 0 && !expression ? `${withEmoji ? "\u274C " : ""}Assertion failed:` : "";
}
function formatIf(expression, withEmoji) {
  return expression !== void 0 && expression ? `${withEmoji ? "\u2705 " : ""}Expression passed:` : "";
}
var VOID = -1;
var PRIMITIVE = 0;
var ARRAY = 1;
var OBJECT = 2;
var DATE2 = 3;
var REGEXP = 4;
var MAP = 5;
var SET = 6;
var ERROR = 7;
var BIGINT = 8;
var env = typeof self === "object" ? self : globalThis;
var deserializer = ($, _) => {
  const as = (out, index) => {
    $.set(index, out);
    return out;
  };
  const unpair = (index) => {
    if ($.has(index)) return $.get(index);
    const [type, value] = _[index];
    switch (type) {
      case PRIMITIVE:
      case VOID:
        return as(value, index);
      case ARRAY: {
        const arr2 = as([], index);
        for (const index2 of value) arr2.push(unpair(index2));
        return arr2;
      }
      case OBJECT: {
        const object = as({}, index);
        for (const [key, index2] of value) object[unpair(key)] = unpair(index2);
        return object;
      }
      case DATE2:
        return as(new Date(value), index);
      case REGEXP: {
        const { source, flags } = value;
        return as(new RegExp(source, flags), index);
      }
      case MAP: {
        const map = as(/* @__PURE__ */ new Map(), index);
        for (const [key, index2] of value) map.set(unpair(key), unpair(index2));
        return map;
      }
      case SET: {
        const set = as(/* @__PURE__ */ new Set(), index);
        for (const index2 of value) set.add(unpair(index2));
        return set;
      }
      case ERROR: {
        const { name, message } = value;
        return as(new env[name](message), index);
      }
      case BIGINT:
        return as(BigInt(value), index);
      case "BigInt":
        return as(Object(BigInt(value)), index);
    }
    return as(new env[type](value), index);
  };
  return unpair;
};
var deserialize = (serialized) => deserializer(/* @__PURE__ */ new Map(), serialized)(0);
var EMPTY = "";
var { toString } = {};
var { keys } = Object;
var typeOf = (value) => {
  const type = typeof value;
  if (type !== "object" || !value) return [
    PRIMITIVE,
    type
  ];
  const asString = toString.call(value).slice(8, -1);
  switch (asString) {
    case "Array":
      return [
        ARRAY,
        EMPTY
      ];
    case "Object":
      return [
        OBJECT,
        EMPTY
      ];
    case "Date":
      return [
        DATE2,
        EMPTY
      ];
    case "RegExp":
      return [
        REGEXP,
        EMPTY
      ];
    case "Map":
      return [
        MAP,
        EMPTY
      ];
    case "Set":
      return [
        SET,
        EMPTY
      ];
  }
  if (asString.includes("Array")) return [
    ARRAY,
    asString
  ];
  if (asString.includes("Error")) return [
    ERROR,
    asString
  ];
  return [
    OBJECT,
    asString
  ];
};
var shouldSkip = ([TYPE, type]) => TYPE === PRIMITIVE && (type === "function" || type === "symbol");
var serializer = (strict, json, $, _) => {
  const as = (out, value) => {
    const index = _.push(out) - 1;
    $.set(value, index);
    return index;
  };
  const pair = (value) => {
    if ($.has(value)) return $.get(value);
    let [TYPE, type] = typeOf(value);
    switch (TYPE) {
      case PRIMITIVE: {
        let entry = value;
        switch (type) {
          case "bigint":
            TYPE = BIGINT;
            entry = value.toString();
            break;
          case "function":
          case "symbol":
            if (strict) throw new TypeError("unable to serialize " + type);
            entry = null;
            break;
          case "undefined":
            return as([
              VOID
            ], value);
        }
        return as([
          TYPE,
          entry
        ], value);
      }
      case ARRAY: {
        if (type) return as([
          type,
          [
            ...value
          ]
        ], value);
        const arr2 = [];
        const index = as([
          TYPE,
          arr2
        ], value);
        for (const entry of value) arr2.push(pair(entry));
        return index;
      }
      case OBJECT: {
        if (type) {
          switch (type) {
            case "BigInt":
              return as([
                type,
                value.toString()
              ], value);
            case "Boolean":
            case "Number":
            case "String":
              return as([
                type,
                value.valueOf()
              ], value);
          }
        }
        if (json && "toJSON" in value) return pair(value.toJSON());
        const entries = [];
        const index = as([
          TYPE,
          entries
        ], value);
        for (const key of keys(value)) {
          if (strict || !shouldSkip(typeOf(value[key]))) entries.push([
            pair(key),
            pair(value[key])
          ]);
        }
        return index;
      }
      case DATE2:
        return as([
          TYPE,
          value.toISOString()
        ], value);
      case REGEXP: {
        const { source, flags } = value;
        return as([
          TYPE,
          {
            source,
            flags
          }
        ], value);
      }
      case MAP: {
        const entries = [];
        const index = as([
          TYPE,
          entries
        ], value);
        for (const [key, entry] of value) {
          if (strict || !(shouldSkip(typeOf(key)) || shouldSkip(typeOf(entry)))) entries.push([
            pair(key),
            pair(entry)
          ]);
        }
        return index;
      }
      case SET: {
        const entries = [];
        const index = as([
          TYPE,
          entries
        ], value);
        for (const entry of value) {
          if (strict || !shouldSkip(typeOf(entry))) entries.push(pair(entry));
        }
        return index;
      }
    }
    const { message } = value;
    return as([
      TYPE,
      {
        name: type,
        message
      }
    ], value);
  };
  return pair;
};
var serialize2 = (value, { json, lossy } = {}) => {
  const _ = [];
  return serializer(!(json || lossy), !!json, /* @__PURE__ */ new Map(), _)(value), _;
};
var esm_default = typeof structuredClone === "function" ? (any, options) => options && ("json" in options || "lossy" in options) ? deserialize(serialize2(any, options)) : structuredClone(any) : (any, options) => deserialize(serialize2(any, options));
function SealedLog(Base, cfg, mods, modifierQueue) {
  const { formatters, middleware = [], ...cfgWithoutFormatters } = cfg.exportValues();
  const sealing = class Sealing extends Base {
    _cfg = new Configuration({
      ...esm_default(cfgWithoutFormatters),
      formatters: {
        ...formatters
      },
      middleware: [
        ...middleware
      ]
    });
    _modifierData = esm_default(mods);
    modifierQueue = [
      ...modifierQueue
    ];
  };
  const sealed = sealing;
  return sealed;
}
function formatTime([sec, nano]) {
  return `${sec}s ${nano / 1e6}ms`;
}
function captureTimeNow() {
  return formatTime(hrtime());
}
function hrtime(prev) {
  const time2 = performance.now() * 1e-3;
  const seconds = Math.floor(time2);
  const nanoseconds = Math.floor(time2 % 1 * 1e9);
  if (prev === void 0) {
    return [
      seconds,
      nanoseconds
    ];
  }
  let secondsDiff = seconds - prev[0];
  let nanosecondsDiff = nanoseconds - prev[1];
  if (nanosecondsDiff < 0) {
    secondsDiff -= 1;
    nanosecondsDiff += 1e9;
  }
  return [
    secondsDiff,
    nanosecondsDiff
  ];
}
function dateFormatISO(date2) {
  const pad = (n) => `${Math.floor(Math.abs(n))}`.padStart(2, "0");
  const tzOffset = -date2.getTimezoneOffset();
  const diff = tzOffset >= 0 ? "+" : "-";
  const timezone = `${diff}${pad(tzOffset / 60)}:${pad(tzOffset % 60)}`;
  return `${date2.getFullYear()}-${pad(date2.getMonth() + 1)}-${pad(date2.getDate())}T${pad(date2.getHours())}:${pad(date2.getMinutes())}:${pad(date2.getSeconds())}${timezone}`;
}
function dateFormatCommon(date2) {
  const pad = (num, size = 2) => String(num).padStart(size, "0");
  const day = pad(date2.getDate());
  const monthNames = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec"
  ];
  const month = monthNames[date2.getMonth()];
  const year = date2.getFullYear();
  const hours = pad(date2.getHours());
  const minutes = pad(date2.getMinutes());
  const seconds = pad(date2.getSeconds());
  const tzOffset = -date2.getTimezoneOffset();
  const sign = tzOffset >= 0 ? "+" : "-";
  const absOffset = Math.abs(tzOffset);
  const tzHours = pad(Math.floor(absOffset / 60));
  const tzMinutes = pad(absOffset % 60);
  const timezone = `${sign}${tzHours}${tzMinutes}`;
  return `${day}/${month}/${year}:${hours}:${minutes}:${seconds} ${timezone}`;
}
var Formatter = class {
  cfg;
  level;
  timestampFormatFunction = (date2) => dateFormatISO(date2);
  constructor(cfg, level) {
    this.cfg = cfg;
    this.level = level;
  }
  get timestampFormatter() {
    return this.cfg.timestampFormatter ? this.cfg.timestampFormatter : this.timestampFormatFunction;
  }
  print(mods, timestamp, args) {
    if (this.level.level > getActiveLevel(this.cfg)) return [];
    if (this.failsFilters(mods)) return [];
    if (mods.assertion === true) return [];
    if (mods.if === false) return [];
    if (mods.method && !isSpecialMethodWithLeader(mods.method)) {
      if (isSpecialMethod(mods.method) && isMethodWithArgs(mods.method)) return args;
    }
    const message = isBrowser3() ? this.formatBrowser(mods, timestamp, args) : this.formatServer(mods, timestamp, args);
    if (mods.stacktrace) message.push(mods.stacktrace);
    return message;
  }
  failsFilters(mods) {
    if (this.failsLevelSelector()) return true;
    if (this.failsNamespacesFilter(mods)) return true;
    if (this.failsLabelsFilter(mods)) return true;
    return false;
  }
  failsLevelSelector() {
    if (this.cfg.filters?.levels === void 0) return false;
    const normalizedLevelSelector = normalizeLevelSelector(this.cfg.levels, this.cfg.filters.levels.values);
    if (failsLevelSelector(this.cfg.filters.levels.type, normalizedLevelSelector, this.level.level)) return true;
    return false;
  }
  failsNamespacesFilter(mods) {
    if (this.cfg.filters?.namespaces === void 0) return false;
    if (this.cfg.filters.namespaces.values.length > 0 && mods.namespace === void 0) return true;
    if (this.cfg.filters.namespaces.type === "include") {
      const namespaces2 = mods.namespace ?? [];
      return isNotIncluded(this.cfg.filters.namespaces.values, namespaces2);
    }
    const namespaces = mods.namespace ?? [];
    return isExcluded(this.cfg.filters.namespaces.values, namespaces);
  }
  failsLabelsFilter(mods) {
    if (this.cfg.filters?.labels === void 0) return false;
    if (this.cfg.filters.labels.values.length > 0 && mods.label === void 0) return true;
    const label = mods.label ? [
      mods.label.name
    ] : [];
    if (this.cfg.filters.labels.type === "include") {
      return isNotIncluded(this.cfg.filters.labels.values, label);
    }
    return isExcluded(this.cfg.filters.labels.values, label);
  }
};
var CommonFormatter = class extends Formatter {
  timestampFormatFunction = (date2) => dateFormatCommon(date2);
  formatBrowser(mods, timestamp, args) {
    return this.formatMessage(mods, timestamp, args);
  }
  formatServer(mods, timestamp, args) {
    return this.formatMessage(mods, timestamp, args);
  }
  formatMessage(_, timestamp, args) {
    if (this.cfg.meta.hostname === void 0) {
      console.warn(new Error("Adze: 'hostname' is required for the common log format. Please provide this value in your log's meta data."));
    }
    const hostname = this.cfg.meta.hostname;
    const ident = this.cfg.meta.ident ?? "-";
    const user = this.cfg.meta.user ?? "-";
    const firstArg = args[0];
    return [
      `${hostname} ${ident} ${user} [${timestamp}] ${firstArg}`
    ];
  }
};
var common_default = CommonFormatter;
function hasRequiredFields(meta) {
  return typeof meta.name === "string" && typeof meta.hostname === "string";
}
var JsonFormatter = class extends Formatter {
  timestampFormatFunction = (date2) => dateFormatISO(date2);
  formatBrowser(mods, timestamp, args) {
    return this.formatMessage(mods, timestamp, args);
  }
  formatServer(mods, timestamp, args) {
    return this.formatMessage(mods, timestamp, args);
  }
  formatMessage(mods, timestamp, _args) {
    const global3 = getGlobal();
    const args = [
      ..._args
    ];
    const msg = args.shift();
    if (hasRequiredFields(this.cfg.meta)) {
      const { src, err, req_id, req, res, latency, hostname, name, ...meta } = this.cfg.meta;
      const { namespace, label } = mods;
      const json = {
        v: 1,
        level: this.level.level,
        levelName: this.level.levelName,
        name,
        hostname,
        msg,
        args,
        pid: global3.pid,
        time: timestamp,
        meta: Object.keys(meta).length > 0 ? meta : void 0,
        namespace,
        label: label?.name,
        src,
        err,
        req_id,
        req,
        res,
        latency
      };
      try {
        let result;
        if (this.cfg.autoSerialize) {
          const serializer2 = this.cfg.customReplacer ?? autoSerializer;
          result = JSON.stringify(json, serializer2);
        } else {
          result = JSON.stringify(json);
        }
        return [
          result
        ];
      } catch (e) {
        console.warn(`Adze: Failed to stringify log message to JSON format. Returning original args. Be sure to use the appropriate serializer functions for errors, requests, and responses. More info: https://adzejs.com/reference/formatters.html#jsonlogformatmeta-serializer-functions

`, e);
        return [
          ...args
        ];
      }
    }
    console.warn(new Error("Adze: Required fields are missing from the log meta for generating a JSON log. If using TypeScript, use the JsonLogFormatMeta type for type safety. More info: https://adzejs.com/reference/formatters.html#jsonlogformatmeta-interface"));
    return [
      ...args
    ];
  }
};
function autoSerializer(_key, value) {
  if (typeof value === "bigint") {
    return value.toString();
  }
  if (value instanceof Error) {
    return {
      name: value.name,
      message: value.message,
      stack: value.stack
    };
  }
  if (value instanceof Date) {
    return value.toISOString();
  }
  if (value instanceof Map) {
    return Object.fromEntries(value);
  }
  if (value instanceof Set) {
    return Array.from(value);
  }
  if (ArrayBuffer.isView(value)) {
    return Array.from(value);
  }
  if (typeof value === "function" || typeof value === "symbol" || value === void 0) {
    return;
  }
  return value;
}
var json_default = JsonFormatter;
var PrettyFormatter = class extends Formatter {
  formatBrowser(mods, timestamp, args) {
    const leader = this.formatLeader();
    const meta = this.formatMeta(mods, timestamp);
    if (this.cfg.withEmoji) {
      return [
        leader,
        "font-size: 12px;",
        this.level.style,
        meta,
        ...args
      ];
    }
    return [
      leader,
      this.level.style,
      meta,
      ...args
    ];
  }
  formatServer(mods, timestamp, args) {
    const message = [];
    const leaderRaw = addPadding(this.formatLeader(false), this.cfg.withEmoji, this.level.emoji);
    const leader = `${leaderRaw} `;
    const meta = this.formatMeta(mods, timestamp);
    const styledLeader = applyStyles(leader, this.level.terminalStyle);
    message.push(styledLeader);
    meta !== "" && message.push(meta);
    return [
      styledLeader,
      meta,
      ...args
    ];
  }
  formatLeader(isBrowser4 = true) {
    const tag = isBrowser4 ? "%c" : "";
    const name = " " + initialCaps(this.level.levelName);
    if (this.cfg.withEmoji) {
      return `${tag}${this.formatEmoji(isBrowser4)}${tag}${name}`;
    }
    return `${tag}${name}`;
  }
  formatEmoji(isBrowser4) {
    const space = isBrowser4 ? " " : "";
    return this.level.emoji ? `${this.level.emoji}${space}` : "";
  }
  formatMeta(mods, timestamp) {
    const ts = this.cfg.showTimestamp ? `${timestamp} ` : "";
    const ns = formatNamespace(mods.namespace);
    const lbl = formatLabel(mods.label);
    const time3 = this.formatTime(mods);
    const cnt = formatCount(mods.label?.count);
    const asrt = formatAssert(mods.assertion, this.cfg.withEmoji);
    const _if = formatIf(mods.if, this.cfg.withEmoji);
    const tst = asrt !== "" ? asrt : _if !== "" ? _if : "";
    return ts + ns + lbl + time3 + cnt + tst;
  }
  formatTime(mods) {
    const timeLeader = this.cfg.withEmoji ? "\u23F1 " : "Time elapsed: ";
    if (mods.timeNow) {
      return `(${timeLeader}${mods.timeNow})`;
    }
    return mods.label?.timeElapsed ? `(${timeLeader}${mods.label.timeElapsed})` : "";
  }
};
var pretty_default = PrettyFormatter;
var StandardFormatter = class extends Formatter {
  timestampFormatFunction = (date2) => dateFormatISO(date2);
  formatBrowser(mods, timestamp, args) {
    return this.formatMessage(timestamp, mods, args);
  }
  formatServer(mods, timestamp, args) {
    return this.formatMessage(timestamp, mods, args);
  }
  formatMessage(timestamp, mods, args) {
    let leader = "";
    const { appname, hostname, port } = this.cfg.meta;
    const _port = isNumber(port) ? `/${port}` : "";
    const appPort = isString(appname) ? `${appname}${_port}` : "";
    const _host = isString(hostname) ? ` on ${hostname}: ` : "";
    const namespace = this.formatNamespace(mods.namespace);
    const label = mods.label ? `[${mods.label.name}] ` : "";
    leader = `${appPort}${_host}${namespace}${label}`;
    return [
      `[${timestamp}] ${this.level.levelName.toUpperCase()}: ${leader}${args[0]} `,
      args.map((arg) => isObject(arg) ? JSON.stringify(arg) : arg).slice(1).join(" ")
    ];
  }
  formatNamespace(namespace) {
    if (namespace && namespace.length > 0) {
      const str = namespace.reduce((acc, mod, index) => {
        return index === namespace.length - 1 ? `${acc}${mod}` : `${acc}${mod}/`;
      }, "");
      return `${str} `;
    }
    return "";
  }
};
var specialMethodsWithArgsAndLeader = [
  "group",
  "groupCollapsed"
];
var specialMethodsWithArgs = [
  "dir",
  "dirxml",
  "table",
  ...specialMethodsWithArgsAndLeader
];
var methodsWithArgs = [
  "error",
  "warn",
  "info",
  "log",
  "debug",
  ...specialMethodsWithArgs
];
var specialMethodsWithoutArgs = [
  "clear",
  "groupEnd"
];
var specialMethods = [
  ...specialMethodsWithArgs,
  ...specialMethodsWithoutArgs
];
var methods = [
  ...methodsWithArgs,
  ...specialMethodsWithoutArgs
];
var defaultConfiguration = {
  activeLevel: "log",
  autoSerialize: true,
  cache: false,
  cacheSize: 300,
  dump: false,
  format: "pretty",
  meta: {},
  middleware: [],
  showTimestamp: false,
  silent: false,
  withEmoji: false,
  levels: {
    alert: getAlertConfig(),
    error: getErrorConfig(),
    warn: getWarnConfig(),
    info: getInfoConfig(),
    fail: getFailConfig(),
    success: getSuccessConfig(),
    log: getLogConfig(),
    debug: getDebugConfig(),
    verbose: getVerboseConfig()
  },
  formatters: {
    default: pretty_default,
    pretty: pretty_default,
    standard: StandardFormatter,
    common: common_default,
    json: json_default
  }
};
function getAlertConfig(overrides = {}) {
  return {
    levelName: "alert",
    level: 0,
    style: `padding-right: 24px; font-size: 12px; border-radius: 4px; background: linear-gradient(to right, #fc8585, #fc2323); color: #fff; border-color: #b70101;`,
    terminalStyle: [
      "white",
      "bold",
      "bgRed"
    ],
    method: "error",
    emoji: "\u{1F6A8}",
    ...overrides
  };
}
function getErrorConfig(overrides = {}) {
  return {
    levelName: "error",
    level: 1,
    style: `padding-right: 24px; font-size: 12px; border-radius: 4px; background: linear-gradient(to right, #fff, #ffd1d1); color: #a4000f; border-color: #e3bbbb;`,
    terminalStyle: [
      "white",
      "bgRed"
    ],
    method: "error",
    emoji: "\u{1F525}",
    ...overrides
  };
}
function getWarnConfig(overrides = {}) {
  return {
    levelName: "warn",
    level: 2,
    style: `font-size: 12px; border-radius: 4px;  background: linear-gradient(to right, #fff, #fff0a8); color: #715100; border-color: #e3d696; padding-right: ${isFirefox() ? "44px" : "30px"};`,
    terminalStyle: [
      "white",
      "bgYellow"
    ],
    method: "warn",
    emoji: "\u{1F514}",
    ...overrides
  };
}
function getInfoConfig(overrides = {}) {
  return {
    levelName: "info",
    level: 3,
    style: `padding-right: 44px; font-size: 12px; border-radius: 4px; background: linear-gradient(to right, #d8ebff, #b2d7ff); color: #465464; border-color: #96b5d7;`,
    terminalStyle: [
      "white",
      "bgBlue"
    ],
    method: "info",
    emoji: "\u2139\uFE0F",
    ...overrides
  };
}
function getFailConfig(overrides = {}) {
  return {
    levelName: "fail",
    level: 4,
    style: `padding-right: 44px; font-size: 12px; border-radius: 4px; background: linear-gradient(to right, #ffe8e8, #ffd1d1); color: #a4000f; border-color: #e3bbbb;`,
    terminalStyle: [
      "white",
      "bgRed"
    ],
    method: "info",
    emoji: "\u274C",
    ...overrides
  };
}
function getSuccessConfig(overrides = {}) {
  return {
    levelName: "success",
    level: 5,
    style: "font-size: 12px; border-radius: 4px; padding-right: 22px; background: linear-gradient(to right, #e6f6e4, #ceedc9); color: #4e594d; border-color: #b7d1b3;",
    terminalStyle: [
      "white",
      "bgGreen"
    ],
    method: "info",
    emoji: "\u{1F389}",
    ...overrides
  };
}
function getLogConfig(overrides = {}) {
  return {
    levelName: "log",
    level: 6,
    style: "font-size: 12px; border-radius: 4px; padding-right: 51px; background: linear-gradient(to right, #ecedef, #d9dce0); color: #333435; border-color: #bfc1c5;",
    terminalStyle: [
      "white",
      "bgBlackBright"
    ],
    method: "log",
    emoji: "\u{1FAB5}",
    ...overrides
  };
}
function getDebugConfig(overrides = {}) {
  return {
    levelName: "debug",
    level: 7,
    style: "font-size: 12px; padding-right: 36px; border-right: 1px solid #d9dce0; color: #465464; border-color: #999999;",
    terminalStyle: [
      "white",
      "bgBlack"
    ],
    method: "debug",
    emoji: "\u{1F41E}",
    ...overrides
  };
}
function getVerboseConfig(overrides = {}) {
  return {
    levelName: "verbose",
    level: 8,
    style: "font-size: 12px; padding-right: 22px; color: #999999;",
    terminalStyle: [
      "black",
      "italic"
    ],
    method: "debug",
    emoji: "\u{1F4AC}",
    ...overrides
  };
}
var Configuration = class {
  logCfg;
  glblCfg;
  constructor(logCfg) {
    this.logCfg = logCfg ?? {};
    this.glblCfg = globalThis.$adzeGlobal?.configuration;
  }
  updateConfiguration(cfg) {
    this.logCfg = cfg;
  }
  get activeLevel() {
    return this.glblCfg?.activeLevel ?? this.logCfg.activeLevel ?? defaultConfiguration.activeLevel;
  }
  set activeLevel(level) {
    this.logCfg.activeLevel = level;
  }
  set autoSerialize(value) {
    this.logCfg.autoSerialize = value;
  }
  get autoSerialize() {
    return this.glblCfg?.autoSerialize ?? this.logCfg.autoSerialize ?? defaultConfiguration.autoSerialize;
  }
  get cache() {
    return this.glblCfg?.cache ?? this.logCfg.cache ?? defaultConfiguration.cache;
  }
  set cache(value) {
    this.logCfg.cache = value;
  }
  get cacheSize() {
    return this.glblCfg?.cacheSize ?? this.logCfg.cacheSize ?? defaultConfiguration.cacheSize;
  }
  set cacheSize(size) {
    this.logCfg.cacheSize = size;
  }
  set customReplacer(value) {
    this.logCfg.customReplacer = value;
  }
  get customReplacer() {
    return this.glblCfg?.customReplacer ?? this.logCfg.customReplacer;
  }
  get dump() {
    return this.glblCfg?.dump ?? this.logCfg.dump ?? defaultConfiguration.dump;
  }
  set dump(value) {
    this.logCfg.dump = value;
  }
  get meta() {
    return {
      ...this.logCfg.meta,
      ...this.glblCfg?.meta
    };
  }
  set meta(value) {
    this.logCfg.meta = value;
  }
  get silent() {
    return this.glblCfg?.silent ?? this.logCfg.silent ?? defaultConfiguration.silent;
  }
  set silent(value) {
    this.logCfg.silent = value;
  }
  get showTimestamp() {
    return this.glblCfg?.showTimestamp ?? this.logCfg.showTimestamp ?? defaultConfiguration.showTimestamp;
  }
  set showTimestamp(value) {
    this.logCfg.showTimestamp = value;
  }
  get withEmoji() {
    return this.glblCfg?.withEmoji ?? this.logCfg.withEmoji ?? defaultConfiguration.withEmoji;
  }
  set withEmoji(value) {
    this.logCfg.withEmoji = value;
  }
  get format() {
    return this.glblCfg?.format ?? this.logCfg.format ?? defaultConfiguration.format;
  }
  set format(value) {
    this.logCfg.format = value;
  }
  get levels() {
    return {
      ...defaultConfiguration.levels,
      ...this.logCfg.levels ?? {},
      ...this.glblCfg?.levels ?? {}
    };
  }
  set levels(value) {
    this.logCfg.levels = value;
  }
  get middleware() {
    return [
      ...this.glblCfg?.middleware ?? [],
      ...this.logCfg.middleware ?? []
    ];
  }
  set middleware(value) {
    this.logCfg.middleware = value;
  }
  get filters() {
    return this.glblCfg?.filters ?? this.logCfg.filters;
  }
  set filters(value) {
    this.logCfg.filters = value;
  }
  get timestampFormatter() {
    return this.glblCfg?.timestampFormatter ?? this.logCfg.timestampFormatter;
  }
  set timestampFormatter(value) {
    this.logCfg.timestampFormatter = value;
  }
  get formatters() {
    return {
      ...defaultConfiguration.formatters,
      ...this.logCfg.formatters ?? {},
      ...this.glblCfg?.formatters ?? {}
    };
  }
  set formatters(value) {
    this.logCfg.formatters = value;
  }
  exportValues() {
    return {
      activeLevel: this.logCfg.activeLevel,
      cache: this.logCfg.cache,
      cacheSize: this.logCfg.cacheSize,
      dump: this.logCfg.dump,
      meta: this.logCfg.meta,
      silent: this.logCfg.silent,
      showTimestamp: this.logCfg.showTimestamp,
      withEmoji: this.logCfg.withEmoji,
      format: this.logCfg.format,
      levels: this.logCfg.levels,
      middleware: this.logCfg.middleware,
      filters: this.logCfg.filters,
      timestampFormatter: this.logCfg.timestampFormatter,
      formatters: this.logCfg.formatters
    };
  }
};
function isCallback(maybeFunction) {
  return typeof maybeFunction === "function";
}
var Log = class _Log {
  globalStore;
  _cfg;
  _modifierData;
  _data;
  modifierQueue = [];
  constructor(cfg, modifierData) {
    this.globalStore = getGlobal(cfg);
    this._modifierData = modifierData ?? {};
    this._cfg = new Configuration(cfg);
    this.doHook((m) => {
      if (m.constructed) m.constructed(this);
    });
  }
  get data() {
    return this._data;
  }
  get modifierData() {
    return this._modifierData;
  }
  get configuration() {
    return this._cfg;
  }
  alert(...args) {
    this.terminate("alert", args);
  }
  static alert(...args) {
    new this().alert(...args);
  }
  error(...args) {
    this.terminate("error", args);
  }
  static error(...args) {
    new this().error(...args);
  }
  warn(...args) {
    this.terminate("warn", args);
  }
  static warn(...args) {
    new this().warn(...args);
  }
  info(...args) {
    this.terminate("info", args);
  }
  static info(...args) {
    new this().info(...args);
  }
  fail(...args) {
    this.terminate("fail", args);
  }
  static fail(...args) {
    new this().fail(...args);
  }
  success(...args) {
    this.terminate("success", args);
  }
  static success(...args) {
    new this().success(...args);
  }
  log(...args) {
    this.terminate("log", args);
  }
  static log(args_0, ...args) {
    new this().log(...[
      args_0,
      ...args
    ]);
  }
  debug(...args) {
    this.terminate("debug", args);
  }
  static debug(...args) {
    new this().debug(...args);
  }
  verbose(...args) {
    this.terminate("verbose", args);
  }
  static verbose(...args) {
    new this().verbose(...args);
  }
  clear() {
    console.clear();
  }
  static clear() {
    console.clear();
  }
  clr() {
    console.clear();
  }
  static clr() {
    console.clear();
  }
  custom(levelName, ...args) {
    if (!this._cfg.levels[levelName]) {
      console.warn(new Error("Custom log level not found in configuration."));
      return this;
    }
    this.terminate(levelName, args);
    return this;
  }
  static custom(levelName, ...args) {
    return new this().custom(levelName, ...args);
  }
  seal(_cfg) {
    if (_cfg) this._cfg.updateConfiguration(_cfg);
    return SealedLog(_Log, this._cfg, this.modifierData, this.modifierQueue);
  }
  static seal(cfg) {
    return new this().seal(cfg);
  }
  sealTag(method, cfg) {
    this._cfg = new Configuration({
      ...this._cfg.exportValues(),
      ...cfg
    });
    return (strings, ...values) => {
      const message = String.raw({
        raw: strings
      }, ...values);
      const sealed = SealedLog(_Log, this._cfg, this.modifierData, this.modifierQueue);
      const _method = method;
      if (isCallback(sealed[_method])) {
        sealed[_method](message);
      }
    };
  }
  static sealTag(method, cfg) {
    return new this().sealTag(method, cfg);
  }
  thread(key, value) {
    this.runModifierQueue();
    if (this._modifierData.label) {
      if (!this._modifierData.label.context) this._modifierData.label.context = {};
      this._modifierData.label.context = {
        ...this._modifierData.label.context,
        [key]: value
      };
    }
  }
  static thread(key, value) {
    new this().thread(key, value);
  }
  assert(expression) {
    this.modifierQueue.push([
      "assert",
      (data2) => {
        data2.assertion = expression;
        return data2;
      }
    ]);
    return this;
  }
  static assert(expression) {
    return new this().assert(expression);
  }
  get closeThread() {
    this.modifierQueue.push([
      "closeThread",
      (data2) => {
        if (data2.label?.context) {
          data2.label.context = void 0;
        }
        return data2;
      }
    ]);
    return this;
  }
  static get closeThread() {
    return new this().closeThread;
  }
  get count() {
    this.modifierQueue.push([
      "count",
      (data2) => {
        if (data2.label) {
          data2.label.count = data2.label.count !== void 0 ? data2.label.count + 1 : 1;
        }
        return data2;
      }
    ]);
    return this;
  }
  static get count() {
    return new this().count;
  }
  get countClear() {
    this.modifierQueue.push([
      "countClear",
      (data2) => {
        if (data2.label) {
          delete data2.label.count;
        }
        return data2;
      }
    ]);
    return this;
  }
  static get countClear() {
    return new this().countClear;
  }
  get countReset() {
    this.modifierQueue.push([
      "countReset",
      (data2) => {
        if (data2.label) {
          data2.label.count = 0;
        }
        return data2;
      }
    ]);
    return this;
  }
  static get countReset() {
    return new this().countReset;
  }
  get dir() {
    this.modifierQueue.push([
      "dir",
      (data2) => {
        data2.method = "dir";
        return data2;
      }
    ]);
    return this;
  }
  static get dir() {
    return new this().dir;
  }
  get dirxml() {
    this.modifierQueue.push([
      "dirxml",
      (data2) => {
        data2.method = "dirxml";
        return data2;
      }
    ]);
    return this;
  }
  static get dirxml() {
    return new this().dirxml;
  }
  get dump() {
    this.modifierQueue.push([
      "dump",
      (data2, ctxt) => {
        ctxt._cfg.dump = true;
        return data2;
      }
    ]);
    return this;
  }
  static get dump() {
    return new this().dump;
  }
  format(format2) {
    this.modifierQueue.push([
      "format",
      (data2, ctxt) => {
        if (Object.keys(ctxt._cfg.formatters).includes(format2)) {
          ctxt._cfg.format = format2;
          return data2;
        }
        console.warn(new Error(`Adze: Formatter "${format2}" not found in configuration.`));
        return data2;
      }
    ]);
    return this;
  }
  static format(format2) {
    return new this().format(format2);
  }
  get group() {
    this.modifierQueue.push([
      "group",
      (data2) => {
        data2.method = "group";
        return data2;
      }
    ]);
    return this;
  }
  static get group() {
    return new this().group;
  }
  get groupCollapsed() {
    this.modifierQueue.push([
      "groupCollapsed",
      (data2) => {
        data2.method = "groupCollapsed";
        return data2;
      }
    ]);
    return this;
  }
  static get groupCollapsed() {
    return new this().groupCollapsed;
  }
  get groupEnd() {
    this.modifierQueue.push([
      "groupEnd",
      (data2) => {
        data2.method = "groupEnd";
        return data2;
      }
    ]);
    return this;
  }
  static get groupEnd() {
    return new this().groupEnd;
  }
  if(expression) {
    this.modifierQueue.push([
      "if",
      (data2) => {
        data2.if = expression;
        return data2;
      }
    ]);
    return this;
  }
  static if(expression) {
    return new this().if(expression);
  }
  test(expression) {
    return this.if(expression);
  }
  static test(expression) {
    return new this().if(expression);
  }
  label(name) {
    this.modifierQueue.unshift([
      "label",
      (data2) => {
        const label = this.globalStore.getLabel(name) ?? {
          name
        };
        data2.label = label;
        this.globalStore.setLabel(name, label);
        return data2;
      }
    ]);
    return this;
  }
  static label(name) {
    return new this().label(name);
  }
  meta(meta) {
    this.modifierQueue.push([
      "meta",
      (data2, ctxt) => {
        ctxt._cfg.meta = {
          ...ctxt._cfg.meta,
          ...meta
        };
        return data2;
      }
    ]);
    return this;
  }
  static meta(meta) {
    return new this().meta(meta);
  }
  namespace(...namespace) {
    this.modifierQueue.push([
      "namespace",
      (data2) => {
        const arr2 = data2.namespace ?? [];
        data2.namespace = arr2.length > 0 ? [
          ...arr2,
          ...namespace
        ] : namespace;
        return data2;
      }
    ]);
    return this;
  }
  static namespace(...namespace) {
    return new this().namespace(...namespace);
  }
  ns(...namespace) {
    return this.namespace(...namespace);
  }
  static ns(...namespace) {
    return new this().namespace(...namespace);
  }
  get silent() {
    this.modifierQueue.push([
      "silent",
      (data2, ctxt) => {
        ctxt._cfg.silent = true;
        return data2;
      }
    ]);
    return this;
  }
  static get silent() {
    return new this().silent;
  }
  get table() {
    this.modifierQueue.push([
      "table",
      (data2) => {
        data2.method = "table";
        return data2;
      }
    ]);
    return this;
  }
  static get table() {
    return new this().table;
  }
  get time() {
    this.modifierQueue.push([
      "time",
      (data2) => {
        const timeStart = hrtime();
        if (data2.label) {
          data2.label.timeStart = timeStart;
        }
        return data2;
      }
    ]);
    return this;
  }
  static get time() {
    return new this().time;
  }
  get timeEnd() {
    this.modifierQueue.push([
      "timeEnd",
      (data2) => {
        if (data2.label?.timeStart) {
          data2.label.timeElapsed = formatTime(hrtime(data2.label.timeStart));
        }
        return data2;
      }
    ]);
    return this;
  }
  static get timeEnd() {
    return new this().timeEnd;
  }
  get timeNow() {
    this.modifierQueue.push([
      "timeNow",
      (data2) => {
        data2.timeNow = captureTimeNow();
        return data2;
      }
    ]);
    return this;
  }
  static get timeNow() {
    return new this().timeNow;
  }
  get timestamp() {
    this.modifierQueue.push([
      "timestamp",
      (data2, ctxt) => {
        ctxt._cfg.showTimestamp = true;
        return data2;
      }
    ]);
    return this;
  }
  static get timestamp() {
    return new this().timestamp;
  }
  get trace() {
    this.modifierQueue.push([
      "trace",
      (data2) => {
        data2.stacktrace = stacktrace();
        return data2;
      }
    ]);
    return this;
  }
  static get trace() {
    return new this().trace;
  }
  get withEmoji() {
    this.modifierQueue.push([
      "withEmoji",
      (data2, ctxt) => {
        ctxt._cfg.withEmoji = true;
        return data2;
      }
    ]);
    return this;
  }
  static get withEmoji() {
    return new this().withEmoji;
  }
  print(data2) {
    if (isTestEnvironment()) return;
    if (data2.silent) return;
    if (data2.message.length < 1) return;
    if (isMethodWithArgs(data2.method)) {
      console[data2.method](...data2.message);
    } else {
      console[data2.method]();
    }
  }
  terminate(terminator, args) {
    this.doHook((m) => {
      if (m.beforeTerminated) m.beforeTerminated(this, terminator, args);
    });
    this.runModifierQueue();
    const level = this.getLevelConfig(terminator);
    const formatterConstructor = this.selectFormatter(this._cfg.format);
    const formatter = new formatterConstructor(this._cfg, level);
    const timestamp = formatter.timestampFormatter(/* @__PURE__ */ new Date());
    let message = cleanMessage(formatter.print(this.modifierData, timestamp, args));
    if (this._cfg.dump && this.modifierData.label?.context) {
      message.push(this.modifierData.label.context);
    }
    this.doHook((m) => {
      if (m.beforeFormatApplied) {
        message = m.beforeFormatApplied(this, this._cfg.format, message);
      }
    });
    const { activeLevel, cache: cache2, cacheSize, dump, format: format2, meta, showTimestamp, silent, withEmoji } = this._cfg;
    const data2 = {
      activeLevel,
      cache: cache2,
      cacheSize,
      dump,
      format: format2,
      meta,
      showTimestamp,
      silent,
      withEmoji,
      ...level,
      ...this._modifierData,
      terminator,
      args,
      timestamp,
      message
    };
    this.doHook((m) => {
      if (m.afterFormatApplied) m.afterFormatApplied(this, this._cfg.format, message);
    });
    this._data = data2;
    if (this._cfg.cache) {
      this.globalStore.addLogToCache(this);
    }
    this.doHook((m) => {
      if (m.beforePrint) m.beforePrint(this);
    });
    this.print(this._data);
    this.doHook((m) => {
      if (m.afterTerminated) m.afterTerminated(this, terminator, args);
    });
    this.globalStore.getListeners(level.level).forEach((listener) => {
      listener(this);
    });
  }
  selectFormatter(format2) {
    return this._cfg.formatters[format2];
  }
  getLevelConfig(levelName) {
    return this._cfg.levels[levelName];
  }
  runModifierQueue() {
    this.modifierQueue.forEach(([modName, modFunc]) => {
      const result = modFunc(this.modifierData, this);
      this.doHook((m) => {
        if (m.beforeModifierApplied) m.beforeModifierApplied(this, modName, result);
      });
      this._modifierData = result;
      this.doHook((m) => {
        if (m.afterModifierApplied) m.afterModifierApplied(this, modName, result);
      });
    });
  }
  doHook(cb) {
    this._cfg.middleware?.forEach((middleware) => {
      cb(middleware);
    });
  }
};
var styles_raw = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
  "gray",
  "blackBright",
  "redBright",
  "greenBright",
  "yellowBright",
  "blueBright",
  "magentaBright",
  "cyanBright",
  "whiteBright",
  "bgBlack",
  "bgRed",
  "bgGreen",
  "bgYellow",
  "bgBlue",
  "bgMagenta",
  "bgCyan",
  "bgWhite",
  "bgBlackBright",
  "bgRedBright",
  "bgGreenBright",
  "bgYellowBright",
  "bgBlueBright",
  "bgMagentaBright",
  "bgCyanBright",
  "bgWhiteBright",
  "reset",
  "bold",
  "dim",
  "italic",
  "underline",
  "inverse",
  "hidden",
  "strikethrough"
];
var console_styles = Object.freeze(styles_raw);
var dist_default = Log;
var import_fast_redact = __toESM(require_fast_redact(), 1);
var logListeners = /* @__PURE__ */ new Set();
var LOG_LEVEL_PRIORITY = {
  trace: 10,
  verbose: 10,
  debug: 20,
  success: 27,
  progress: 28,
  log: 29,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  alert: 60
};
var LEVEL_TO_NAME = {
  10: "trace",
  20: "debug",
  27: "success",
  28: "progress",
  29: "log",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal"
};
function shouldLog(messageLevel, currentLevel) {
  const messagePriority = LOG_LEVEL_PRIORITY[messageLevel.toLowerCase()] || 30;
  const currentPriority = LOG_LEVEL_PRIORITY[currentLevel.toLowerCase()] || 30;
  return messagePriority >= currentPriority;
}
function safeStringify(obj) {
  try {
    const seen = /* @__PURE__ */ new WeakSet();
    return JSON.stringify(obj, (_, value) => {
      if (typeof value === "object" && value !== null) {
        if (seen.has(value)) return "[Circular]";
        seen.add(value);
      }
      return value;
    });
  } catch {
    return String(obj);
  }
}
function parseBooleanFromText(value) {
  if (!value) return false;
  const normalized = value.toLowerCase().trim();
  return normalized === "true" || normalized === "1" || normalized === "yes" || normalized === "on";
}
function formatExtraValue(value) {
  if (value === null) return "null";
  if (value === void 0) return "undefined";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Error) return value.message;
  return safeStringify(value);
}
function formatPrettyLog(context, message, isJsonMode) {
  if (isJsonMode) {
    return message;
  }
  const src = context.src;
  const srcPart = src ? `[${src.toUpperCase()}] ` : "";
  const excludeKeys = [
    "src",
    "agentId",
    "agentName"
  ];
  const extraPairs = [];
  for (const [key, value] of Object.entries(context)) {
    if (excludeKeys.includes(key)) continue;
    if (value === void 0) continue;
    extraPairs.push(`${key}=${formatExtraValue(value)}`);
  }
  const extrasPart = extraPairs.length > 0 ? ` (${extraPairs.join(", ")})` : "";
  return `${srcPart}${message}${extrasPart}`;
}
var DEFAULT_LOG_LEVEL = "info";
var effectiveLogLevel = getEnv3("LOG_LEVEL") || DEFAULT_LOG_LEVEL;
var raw = parseBooleanFromText(getEnv3("LOG_JSON_FORMAT"));
var showTimestamps = parseBooleanFromText(getEnv3("LOG_TIMESTAMPS") ?? "true");
var serverId = getEnv3("SERVER_ID") || (typeof crypto !== "undefined" && crypto.randomUUID ? crypto.randomUUID().slice(0, 8) : Math.random().toString(36).slice(2, 10));
var redact = whenFirstCalled(() => import_fast_redact.default({
  paths: [
    "password",
    "passwd",
    "secret",
    "token",
    "apiKey",
    "api_key",
    "apiSecret",
    "api_secret",
    "authorization",
    "auth",
    "credential",
    "credentials",
    "privateKey",
    "private_key",
    "accessToken",
    "access_token",
    "refreshToken",
    "refresh_token",
    "cookie",
    "session",
    "jwt",
    "bearer",
    "*.password",
    "*.secret",
    "*.token",
    "*.apiKey",
    "*.api_key",
    "*.authorization",
    "*.credential",
    "*.credentials",
    "*.privateKey",
    "*.accessToken",
    "*.refreshToken"
  ],
  serialize: false,
  censor: "[REDACTED]"
}));
function createInMemoryDestination(maxLogs = 100) {
  const logs = [];
  return {
    write(entry) {
      logs.push(entry);
      if (logs.length > maxLogs) {
        logs.shift();
      }
      for (const listener of logListeners) {
        try {
          listener(entry);
        } catch {
        }
      }
    },
    clear() {
      logs.length = 0;
    },
    recentLogs() {
      return logs.map((entry) => {
        const timestamp = showTimestamps ? new Date(entry.time).toISOString() : "";
        const levelStr = LEVEL_TO_NAME[entry.level ?? 30] || "info";
        return `${timestamp} ${levelStr} ${entry.msg}`.trim();
      }).join(`
`);
    }
  };
}
var globalInMemoryDestination = createInMemoryDestination();
var getAdzeActiveLevel = () => {
  const level = effectiveLogLevel.toLowerCase();
  if (level === "trace") return "verbose";
  if (level === "debug") return "debug";
  if (level === "log") return "log";
  if (level === "info") return "info";
  if (level === "warn") return "warn";
  if (level === "error") return "error";
  if (level === "fatal") return "alert";
  return "info";
};
var adzeActiveLevel = getAdzeActiveLevel();
var customLevelConfig = {
  alert: {
    levelName: "alert",
    level: 0,
    style: "font-size: 12px; color: #ff0000;",
    terminalStyle: [
      "bgRed",
      "white",
      "bold"
    ],
    method: "error",
    emoji: ""
  },
  error: {
    levelName: "error",
    level: 1,
    style: "font-size: 12px; color: #ff0000;",
    terminalStyle: [
      "bgRed",
      "whiteBright",
      "bold"
    ],
    method: "error",
    emoji: ""
  },
  warn: {
    levelName: "warn",
    level: 2,
    style: "font-size: 12px; color: #ffaa00;",
    terminalStyle: [
      "bgYellow",
      "black",
      "bold"
    ],
    method: "warn",
    emoji: ""
  },
  info: {
    levelName: "info",
    level: 3,
    style: "font-size: 12px; color: #0099ff;",
    terminalStyle: [
      "cyan"
    ],
    method: "info",
    emoji: ""
  },
  fail: {
    levelName: "fail",
    level: 4,
    style: "font-size: 12px; color: #ff6600;",
    terminalStyle: [
      "red",
      "underline"
    ],
    method: "error",
    emoji: ""
  },
  success: {
    levelName: "success",
    level: 5,
    style: "font-size: 12px; color: #00cc00;",
    terminalStyle: [
      "green"
    ],
    method: "log",
    emoji: ""
  },
  log: {
    levelName: "log",
    level: 6,
    style: "font-size: 12px; color: #888888;",
    terminalStyle: [
      "white"
    ],
    method: "log",
    emoji: ""
  },
  debug: {
    levelName: "debug",
    level: 7,
    style: "font-size: 12px; color: #9b59b6;",
    terminalStyle: [
      "gray",
      "dim"
    ],
    method: "debug",
    emoji: ""
  },
  verbose: {
    levelName: "verbose",
    level: 8,
    style: "font-size: 12px; color: #666666;",
    terminalStyle: [
      "gray",
      "dim",
      "italic"
    ],
    method: "debug",
    emoji: ""
  }
};
var adzeStore = setup({
  activeLevel: adzeActiveLevel,
  format: raw ? "json" : "pretty",
  timestampFormatter: showTimestamps ? void 0 : () => "",
  withEmoji: false,
  levels: customLevelConfig
});
adzeStore.addListener("*", (log) => {
  try {
    const d = log.data;
    const msg = Array.isArray(d?.message) ? d.message.map((m) => typeof m === "string" ? m : safeStringify(m)).join(" ") : typeof d?.message === "string" ? d.message : "";
    const entry = {
      time: Date.now(),
      level: typeof d?.level === "number" ? d.level : void 0,
      msg
    };
    globalInMemoryDestination.write(entry);
  } catch {
  }
});
function sealAdze(base) {
  let chain = dist_default;
  const namespaces = [];
  if (typeof base.namespace === "string") namespaces.push(base.namespace);
  if (Array.isArray(base.namespaces)) namespaces.push(...base.namespaces);
  if (namespaces.length > 0) {
    chain = chain.ns(...namespaces);
  }
  const metaBase = {
    ...base
  };
  delete metaBase.namespace;
  delete metaBase.namespaces;
  if (!metaBase.name) {
    metaBase.name = "elizaos";
  }
  if (!metaBase.pid && typeof process !== "undefined" && process.pid) {
    metaBase.pid = process.pid;
  }
  if (!metaBase.environment && typeof process !== "undefined" && process.env) {
    metaBase.environment = "development";
  }
  if (!metaBase.serverId) {
    metaBase.serverId = serverId;
  }
  if (raw && !metaBase.hostname) {
    let hostname = "unknown";
    if (typeof process !== "undefined" && process.platform) {
      const os = __require("os");
      hostname = os.hostname();
    } else if (typeof window !== "undefined" && window.location) {
      hostname = window.location.hostname || "browser";
    }
    metaBase.hostname = hostname;
  }
  const globalConfig = {
    activeLevel: getAdzeActiveLevel(),
    format: raw ? "json" : "pretty",
    timestampFormatter: showTimestamps ? void 0 : () => "",
    withEmoji: false,
    levels: customLevelConfig
  };
  return chain.meta(metaBase).seal(globalConfig);
}
function extractBindingsConfig(bindings) {
  let level = effectiveLogLevel;
  let base = {};
  let maxMemoryLogs;
  if (typeof bindings === "object" && bindings !== null) {
    if ("level" in bindings) {
      level = bindings.level;
    }
    if ("maxMemoryLogs" in bindings && typeof bindings.maxMemoryLogs === "number") {
      maxMemoryLogs = bindings.maxMemoryLogs;
    }
    const { level: _, maxMemoryLogs: __, ...rest } = bindings;
    base = rest;
  }
  return {
    level,
    base,
    maxMemoryLogs
  };
}
function createLogger(bindings = false) {
  const { level, base, maxMemoryLogs } = extractBindingsConfig(bindings);
  if (typeof maxMemoryLogs === "number" && maxMemoryLogs > 0) {
    globalInMemoryDestination.clear();
  }
  const forceBrowser = typeof bindings === "object" && bindings && "__forceType" in bindings && bindings.__forceType === "browser";
  if (forceBrowser) {
    const levelStr2 = typeof level === "number" ? "info" : level || effectiveLogLevel;
    const currentLevel2 = levelStr2.toLowerCase();
    const formatArgs = (...args) => {
      return args.map((arg) => {
        if (typeof arg === "string") return arg;
        if (arg instanceof Error) return arg.message;
        return safeStringify(arg);
      }).join(" ");
    };
    const logToConsole = (method, ...args) => {
      if (!shouldLog(method, currentLevel2)) {
        return;
      }
      const message = formatArgs(...args);
      const consoleMethod = method === "fatal" ? "error" : method === "trace" || method === "verbose" ? "debug" : method === "success" || method === "progress" ? "info" : method === "log" ? "log" : method in console && typeof console[method] === "function" ? method : "log";
      const consoleFn = console[consoleMethod];
      if (consoleFn && typeof consoleFn === "function") {
        consoleFn(message);
      }
    };
    const safeRedact2 = (obj) => {
      try {
        const copy = {
          ...obj
        };
        redact(copy);
        return copy;
      } catch {
        return obj;
      }
    };
    const adaptArgs2 = (obj, msg, ...args) => {
      if (typeof obj === "string") {
        return msg !== void 0 ? [
          obj,
          msg,
          ...args
        ] : [
          obj,
          ...args
        ];
      }
      if (obj instanceof Error) {
        return msg !== void 0 ? [
          obj.message,
          msg,
          ...args
        ] : [
          obj.message,
          ...args
        ];
      }
      const redactedObj = safeRedact2(obj);
      if (msg !== void 0) {
        const formatted2 = formatPrettyLog(redactedObj, msg, false);
        return [
          formatted2,
          ...args
        ];
      }
      const formatted = formatPrettyLog(redactedObj, "", false);
      return formatted ? [
        formatted,
        ...args
      ] : [
        ...args
      ];
    };
    return {
      level: currentLevel2,
      trace: (obj, msg, ...args) => logToConsole("trace", ...adaptArgs2(obj, msg, ...args)),
      debug: (obj, msg, ...args) => logToConsole("debug", ...adaptArgs2(obj, msg, ...args)),
      info: (obj, msg, ...args) => logToConsole("info", ...adaptArgs2(obj, msg, ...args)),
      warn: (obj, msg, ...args) => logToConsole("warn", ...adaptArgs2(obj, msg, ...args)),
      error: (obj, msg, ...args) => logToConsole("error", ...adaptArgs2(obj, msg, ...args)),
      fatal: (obj, msg, ...args) => logToConsole("fatal", ...adaptArgs2(obj, msg, ...args)),
      success: (obj, msg, ...args) => logToConsole("success", ...adaptArgs2(obj, msg, ...args)),
      progress: (obj, msg, ...args) => logToConsole("progress", ...adaptArgs2(obj, msg, ...args)),
      log: (obj, msg, ...args) => logToConsole("log", ...adaptArgs2(obj, msg, ...args)),
      clear: () => {
        if (typeof console.clear === "function") console.clear();
      },
      child: (childBindings) => createLogger({
        level: currentLevel2,
        ...base,
        ...childBindings,
        __forceType: "browser"
      })
    };
  }
  const sealed = sealAdze(base);
  const levelStr = typeof level === "number" ? "info" : level || effectiveLogLevel;
  const currentLevel = levelStr.toLowerCase();
  const captureIfError = (_method, _args) => {
  };
  const invoke = (method, ...args) => {
    if (!shouldLog(method, currentLevel)) {
      return;
    }
    captureIfError(method, args);
    let msg = "";
    if (args.length > 0) {
      msg = args.map((arg) => {
        if (typeof arg === "string") return arg;
        if (arg instanceof Error) return arg.message;
        return safeStringify(arg);
      }).join(" ");
    }
    if (base.namespace) {
      msg = `#${base.namespace}  ${msg}`;
    }
    const entry = {
      time: Date.now(),
      level: LOG_LEVEL_PRIORITY[method.toLowerCase()] || LOG_LEVEL_PRIORITY.info,
      msg
    };
    globalInMemoryDestination.write(entry);
    let adzeMethod = method;
    let adzeArgs = args;
    if (method === "fatal") {
      adzeMethod = "alert";
    } else if (method === "progress") {
      adzeMethod = "info";
      adzeArgs = [
        "[PROGRESS]",
        ...args
      ];
    } else if (method === "success") {
      adzeMethod = "info";
      adzeArgs = [
        "[SUCCESS]",
        ...args
      ];
    } else if (method === "trace") {
      adzeMethod = "verbose";
    }
    try {
      const sealedRecord = sealed;
      if (adzeMethod in sealedRecord && typeof sealedRecord[adzeMethod] === "function") {
        sealedRecord[adzeMethod](...adzeArgs);
      }
    } catch {
      console.log(`[${method.toUpperCase()}]`, ...args);
    }
  };
  const safeRedact = (obj) => {
    try {
      const copy = {
        ...obj
      };
      redact(copy);
      return copy;
    } catch {
      return obj;
    }
  };
  const adaptArgs = (obj, msg, ...args) => {
    if (typeof obj === "string") {
      return msg !== void 0 ? [
        obj,
        msg,
        ...args
      ] : [
        obj,
        ...args
      ];
    }
    if (obj instanceof Error) {
      return msg !== void 0 ? [
        obj.message,
        {
          error: obj
        },
        msg,
        ...args
      ] : [
        obj.message,
        {
          error: obj
        },
        ...args
      ];
    }
    const redactedObj = safeRedact(obj);
    if (msg !== void 0) {
      if (!raw) {
        const formatted = formatPrettyLog(redactedObj, msg, raw);
        return [
          formatted,
          ...args
        ];
      }
      return [
        msg,
        redactedObj,
        ...args
      ];
    }
    if (!raw) {
      const formatted = formatPrettyLog(redactedObj, "", raw);
      return formatted ? [
        formatted,
        ...args
      ] : [
        ...args
      ];
    }
    return [
      redactedObj,
      ...args
    ];
  };
  const trace = (obj, msg, ...args) => invoke("verbose", ...adaptArgs(obj, msg, ...args));
  const debug = (obj, msg, ...args) => {
    if (shouldLog("debug", currentLevel)) invoke("debug", ...adaptArgs(obj, msg, ...args));
  };
  const info = (obj, msg, ...args) => invoke("info", ...adaptArgs(obj, msg, ...args));
  const warn = (obj, msg, ...args) => invoke("warn", ...adaptArgs(obj, msg, ...args));
  const error = (obj, msg, ...args) => invoke("error", ...adaptArgs(obj, msg, ...args));
  const fatal = (obj, msg, ...args) => invoke("fatal", ...adaptArgs(obj, msg, ...args));
  const success = (obj, msg, ...args) => invoke("success", ...adaptArgs(obj, msg, ...args));
  const progress = (obj, msg, ...args) => invoke("progress", ...adaptArgs(obj, msg, ...args));
  const logFn = (obj, msg, ...args) => invoke("log", ...adaptArgs(obj, msg, ...args));
  const clear = () => {
    if (typeof console?.clear === "function") {
      console.clear();
    }
    globalInMemoryDestination.clear();
  };
  const child = (childBindings) => {
    return createLogger({
      level: currentLevel,
      ...base,
      ...childBindings
    });
  };
  return {
    level: currentLevel,
    trace,
    debug,
    info,
    warn,
    error,
    fatal,
    success,
    progress,
    log: logFn,
    clear,
    child
  };
}
var logger = createLogger();
function validateUuid(value) {
  return typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value) ? value : null;
}
function stringToUuid(target) {
  if (typeof target === "number") {
    target = target.toString();
  }
  if (typeof target !== "string") {
    throw TypeError("Value must be string");
  }
  const maybeUuid = validateUuid(target);
  if (maybeUuid) return maybeUuid;
  const escapedStr = encodeURIComponent(target);
  const digest = getCachedSha1(escapedStr);
  const bytes = digest.slice(0, 16);
  bytes[8] = bytes[8] & 63 | 128;
  bytes[6] = bytes[6] & 15 | 0;
  return bytesToUuid(bytes);
}
var sha1Cache = /* @__PURE__ */ new Map();
var webCryptoAvailable = null;
function checkWebCrypto() {
  if (webCryptoAvailable !== null) return webCryptoAvailable;
  if (typeof globalThis !== "undefined" && globalThis.crypto && globalThis.crypto.subtle && typeof globalThis.crypto.subtle.digest === "function") {
    webCryptoAvailable = true;
    return true;
  }
  webCryptoAvailable = false;
  return false;
}
function getCachedSha1(message) {
  const cached = sha1Cache.get(message);
  if (cached) return cached;
  const digest = sha1Bytes(message);
  sha1Cache.set(message, digest);
  if (checkWebCrypto()) {
    sha1BytesAsync(message).then((webDigest) => {
      sha1Cache.set(message, webDigest);
    }).catch(() => {
    });
  }
  if (sha1Cache.size > 1e4) {
    const keysToDelete = Array.from(sha1Cache.keys()).slice(0, 5e3);
    keysToDelete.forEach((key) => sha1Cache.delete(key));
  }
  return digest;
}
async function sha1BytesAsync(message) {
  if (checkWebCrypto()) {
    const encoder2 = new TextEncoder();
    const data2 = encoder2.encode(message);
    const hashBuffer = await globalThis.crypto.subtle.digest("SHA-1", data2);
    return new Uint8Array(hashBuffer);
  }
  return sha1Bytes(message);
}
function sha1Bytes(message) {
  const bytes = utf8Encode(message);
  const ml = bytes.length;
  const withOne = new Uint8Array(ml + 9 + 63 >>> 6 << 6);
  withOne.set(bytes);
  withOne[ml] = 128;
  const bitLen = ml * 8;
  const dv = new DataView(withOne.buffer);
  dv.setUint32(withOne.length - 4, bitLen >>> 0, false);
  dv.setUint32(withOne.length - 8, Math.floor(bitLen / 2 ** 32) >>> 0, false);
  let h0 = 1732584193;
  let h1 = 4023233417;
  let h2 = 2562383102;
  let h3 = 271733878;
  let h4 = 3285377520;
  const w = new Uint32Array(80);
  for (let i = 0; i < withOne.length; i += 64) {
    for (let j = 0; j < 16; j++) {
      w[j] = dv.getUint32(i + j * 4, false);
    }
    for (let j = 16; j < 80; j++) {
      const t = w[j - 3] ^ w[j - 8] ^ w[j - 14] ^ w[j - 16];
      w[j] = t << 1 | t >>> 31;
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let j = 0; j < 80; j++) {
      let f;
      let k;
      if (j < 20) {
        f = b & c | ~b & d;
        k = 1518500249;
      } else if (j < 40) {
        f = b ^ c ^ d;
        k = 1859775393;
      } else if (j < 60) {
        f = b & c | b & d | c & d;
        k = 2400959708;
      } else {
        f = b ^ c ^ d;
        k = 3395469782;
      }
      const temp = (a << 5 | a >>> 27) + f + e + k + w[j] >>> 0;
      e = d;
      d = c;
      c = (b << 30 | b >>> 2) >>> 0;
      b = a;
      a = temp;
    }
    h0 = h0 + a >>> 0;
    h1 = h1 + b >>> 0;
    h2 = h2 + c >>> 0;
    h3 = h3 + d >>> 0;
    h4 = h4 + e >>> 0;
  }
  const out = new Uint8Array(20);
  const outDv = new DataView(out.buffer);
  outDv.setUint32(0, h0, false);
  outDv.setUint32(4, h1, false);
  outDv.setUint32(8, h2, false);
  outDv.setUint32(12, h3, false);
  outDv.setUint32(16, h4, false);
  return out;
}
function utf8Encode(str) {
  if (typeof TextEncoder !== "undefined") {
    return new TextEncoder().encode(str);
  }
  const utf8 = [];
  for (let i = 0; i < str.length; i++) {
    let charcode = str.charCodeAt(i);
    if (charcode < 128) utf8.push(charcode);
    else if (charcode < 2048) {
      utf8.push(192 | charcode >> 6, 128 | charcode & 63);
    } else if (charcode < 55296 || charcode >= 57344) {
      utf8.push(224 | charcode >> 12, 128 | charcode >> 6 & 63, 128 | charcode & 63);
    } else {
      i++;
      const codePoint = 65536 + ((charcode & 1023) << 10 | str.charCodeAt(i) & 1023);
      utf8.push(240 | codePoint >> 18, 128 | codePoint >> 12 & 63, 128 | codePoint >> 6 & 63, 128 | codePoint & 63);
    }
  }
  return new Uint8Array(utf8);
}
function bytesToUuid(bytes) {
  const hex = [];
  for (let i = 0; i < bytes.length; i++) {
    const h = bytes[i].toString(16).padStart(2, "0");
    hex.push(h);
  }
  return hex.slice(0, 4).join("") + "-" + hex.slice(4, 6).join("") + "-" + hex.slice(6, 8).join("") + "-" + hex.slice(8, 10).join("") + "-" + hex.slice(10, 16).join("");
}
var characterSchema;
function makeCharacterSchema(z3) {
  var uuidSchema2 = z3.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, "Invalid UUID format").describe("Unique identifier for the character in UUID format");
  var mediaSchema = z3.object({
    id: z3.string().describe("Unique identifier for the media"),
    url: z3.string().describe("URL of the media file"),
    title: z3.string().optional().describe("Media title"),
    source: z3.string().optional().describe("Media source"),
    description: z3.string().optional().describe("Media description"),
    text: z3.string().optional().describe("Text content associated with the media"),
    contentType: z3.nativeEnum(ContentType).optional().describe("Type of media content")
  }).loose().describe("Media attachment with URL and metadata");
  var contentSchema = z3.object({
    text: z3.string().optional().describe("The main text content of the message"),
    thought: z3.string().optional().describe("Internal thought process or reasoning"),
    actions: z3.array(z3.string()).optional().describe("Actions to be taken in response"),
    providers: z3.array(z3.string()).optional().describe("Data providers to use (e.g., KNOWLEDGE)"),
    source: z3.string().optional().describe("Source of the content"),
    target: z3.string().optional().describe("Target of the content"),
    url: z3.string().optional().describe("Related URL"),
    inReplyTo: uuidSchema2.optional().describe("UUID of message this is replying to"),
    attachments: z3.array(mediaSchema).optional().describe("Array of media attachments (images, videos, documents, etc.)"),
    channelType: z3.enum(ChannelType).optional().describe("Type of channel this content is for")
  }).catchall(z3.unknown()).describe("Content structure for messages in conversation examples");
  var messageExampleSchema = z3.object({
    name: z3.string().describe("Name of the speaker (can use {{name1}} placeholder for dynamic names)"),
    content: contentSchema
  }).describe("A single message in a conversation example");
  var directoryItemSchema = z3.object({
    directory: z3.string().describe("Path to a directory containing knowledge files"),
    shared: z3.boolean().optional().describe("Whether this knowledge is shared across characters")
  }).describe("Directory-based knowledge source");
  var knowledgeItemSchema = z3.union([
    z3.string().describe("File path to a knowledge document"),
    z3.object({
      path: z3.string().describe("Path to a knowledge file"),
      shared: z3.boolean().optional().describe("Whether this knowledge is shared across characters")
    }),
    directoryItemSchema
  ]).describe("Knowledge source - can be a file path, file object, or directory");
  var templateTypeSchema = z3.union([
    z3.string().describe("Template string with placeholders"),
    z3.function().optional()
  ]).describe("Template for generating text - can be a string template or function");
  var styleSchema = z3.object({
    all: z3.array(z3.string()).optional().describe("Style guidelines applied to all types of responses"),
    chat: z3.array(z3.string()).optional().describe("Style guidelines specific to chat/conversation responses"),
    post: z3.array(z3.string()).optional().describe("Style guidelines specific to social media posts")
  }).optional().describe("Style configuration defining how the character communicates across different contexts");
  var settingsSchema = z3.record(z3.string(), z3.union([
    z3.string(),
    z3.boolean(),
    z3.number(),
    z3.object({}).loose(),
    z3.array(z3.unknown())
  ])).optional().describe("Character-specific settings like avatar URL, preferences, and configuration");
  var secretsSchema = z3.record(z3.string(), z3.union([
    z3.string(),
    z3.boolean(),
    z3.number()
  ])).optional().describe("Secret values and API keys (should not be committed to version control)");
  return z3.object({
    id: uuidSchema2.optional().describe("Unique identifier for the character"),
    name: z3.string().min(1, "Character name is required").describe('The name of the character (e.g., "Eliza")'),
    username: z3.string().optional().describe("Username for the character on various platforms"),
    system: z3.string().optional().describe("System prompt that defines the character's core behavior and response style"),
    templates: z3.record(z3.string(), templateTypeSchema).optional().describe("Custom templates for generating different types of content"),
    bio: z3.union([
      z3.string(),
      z3.array(z3.string())
    ]).describe("Character biography - can be a single string or array of biographical points"),
    messageExamples: z3.array(z3.array(messageExampleSchema)).optional().describe("Example conversations showing how the character responds in different scenarios"),
    postExamples: z3.array(z3.string()).optional().describe("Example social media posts demonstrating the character's voice and topics"),
    topics: z3.array(z3.string()).optional().describe("Topics the character is knowledgeable about and engages with"),
    adjectives: z3.array(z3.string()).optional().describe("Adjectives that describe the character's personality and traits"),
    knowledge: z3.array(knowledgeItemSchema).optional().describe("Knowledge sources (files, directories) the character can reference"),
    plugins: z3.array(z3.string()).optional().describe('List of plugin package names to load (e.g., ["@elizaos/plugin-sql", "@elizaos/plugin-bootstrap"] - these are commonly required)'),
    settings: settingsSchema,
    secrets: secretsSchema,
    style: styleSchema
  }).strict().describe("Complete character definition including personality, behavior, and capabilities");
}
function validateCharacter(data2, zod = leftOut("zod")) {
  const result = (characterSchema ??= makeCharacterSchema(zod)).safeParse(data2);
  if (result.success) {
    return {
      success: true,
      data: result.data
    };
  }
  return {
    success: false,
    error: {
      message: `Character validation failed: ${result.error.message}`,
      issues: result.error.issues
    }
  };
}
function hasNativeBuffer() {
  return typeof Buffer !== "undefined" && typeof Buffer.from === "function";
}
function fromHex(hex) {
  const cleanHex = hex.replace(/[^0-9a-fA-F]/g, "");
  if (hasNativeBuffer()) {
    return Buffer.from(cleanHex, "hex");
  }
  const bytes = new Uint8Array(cleanHex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = parseInt(cleanHex.substr(i * 2, 2), 16);
  }
  return bytes;
}
function fromString(str, encoding = "utf8") {
  if (hasNativeBuffer()) {
    const enc = encoding === "utf-8" ? "utf8" : encoding;
    return Buffer.from(str, enc);
  }
  if (encoding === "base64") {
    const binaryString = atob(str);
    const bytes = new Uint8Array(binaryString.length);
    for (let i = 0; i < binaryString.length; i++) {
      bytes[i] = binaryString.charCodeAt(i);
    }
    return bytes;
  }
  const encoder2 = new TextEncoder();
  return encoder2.encode(str);
}
function toHex(buffer) {
  if (hasNativeBuffer() && Buffer.isBuffer(buffer)) {
    return buffer.toString("hex");
  }
  const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
  let hex = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i].toString(16);
    hex += byte.length === 1 ? "0" + byte : byte;
  }
  return hex;
}
function toString2(buffer, encoding = "utf8") {
  if (hasNativeBuffer() && Buffer.isBuffer(buffer)) {
    const enc = encoding === "utf-8" ? "utf8" : encoding;
    return buffer.toString(enc);
  }
  const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
  if (encoding === "hex") {
    return toHex(bytes);
  }
  if (encoding === "base64") {
    let binaryString = "";
    for (let i = 0; i < bytes.length; i++) {
      binaryString += String.fromCharCode(bytes[i]);
    }
    return btoa(binaryString);
  }
  const decoder = new TextDecoder();
  return decoder.decode(bytes);
}
function isBuffer(obj) {
  if (!obj) {
    return false;
  }
  if (hasNativeBuffer() && Buffer.isBuffer(obj)) {
    return true;
  }
  if (obj instanceof Uint8Array || obj instanceof ArrayBuffer) {
    return true;
  }
  if (typeof obj === "object" && obj !== null && !Array.isArray(obj)) {
    const typedObj = obj;
    return typedObj.buffer instanceof ArrayBuffer && typeof typedObj.byteLength === "number";
  }
  return false;
}
function alloc(size) {
  if (hasNativeBuffer()) {
    return Buffer.alloc(size);
  }
  return new Uint8Array(size);
}
function fromBytes(bytes) {
  if (hasNativeBuffer()) {
    return Buffer.from(bytes);
  }
  return new Uint8Array(bytes);
}
function concat2(buffers) {
  if (hasNativeBuffer() && buffers.every((b) => Buffer.isBuffer(b))) {
    return Buffer.concat(buffers);
  }
  let totalLength = 0;
  for (const buffer of buffers) {
    totalLength += buffer.length;
  }
  const result = new Uint8Array(totalLength);
  let offset = 0;
  for (const buffer of buffers) {
    const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
    result.set(bytes, offset);
    offset += bytes.length;
  }
  return result;
}
function slice(buffer, start, end) {
  if (hasNativeBuffer() && Buffer.isBuffer(buffer)) {
    return buffer.slice(start, end);
  }
  const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
  return bytes.slice(start, end);
}
function equals(a, b) {
  if (a.length !== b.length) {
    return false;
  }
  const bytesA = a instanceof Uint8Array ? a : new Uint8Array(a);
  const bytesB = b instanceof Uint8Array ? b : new Uint8Array(b);
  for (let i = 0; i < bytesA.length; i++) {
    if (bytesA[i] !== bytesB[i]) {
      return false;
    }
  }
  return true;
}
function byteLength(buffer) {
  return buffer.length;
}
function randomBytes(size) {
  const bytes = new Uint8Array(size);
  const cryptoGlobal = typeof globalThis !== "undefined" ? globalThis.crypto || globalThis.webcrypto : void 0;
  if (cryptoGlobal && typeof cryptoGlobal.getRandomValues === "function") {
    cryptoGlobal.getRandomValues(bytes);
  } else {
    for (let i = 0; i < size; i++) {
      bytes[i] = Math.floor(Math.random() * 256);
    }
  }
  return bytes;
}
var BufferUtils = {
  fromHex,
  fromString,
  fromBytes,
  toHex,
  toString: toString2,
  isBuffer,
  alloc,
  concat: concat2,
  slice,
  equals,
  byteLength,
  randomBytes
};
var StreamError = class _StreamError extends Error {
  code;
  details;
  constructor(code, message, details) {
    super(message);
    this.name = "StreamError";
    this.code = code;
    this.details = details;
  }
  static isStreamError(error) {
    return error instanceof _StreamError;
  }
};
var SAFE_MARGIN = 10;
var MAX_BUFFER = 100 * 1024;
var MAX_CHUNK_SIZE = 1024 * 1024;
function extractTagContent(buffer, openTag, closeTag, insideTag, safeMargin = SAFE_MARGIN) {
  let currentBuffer = buffer;
  let currentInsideTag = insideTag;
  if (!currentInsideTag) {
    const idx = currentBuffer.indexOf(openTag);
    if (idx !== -1) {
      currentInsideTag = true;
      currentBuffer = currentBuffer.slice(idx + openTag.length);
    } else {
      return {
        content: "",
        closed: false,
        buffer: currentBuffer,
        insideTag: false
      };
    }
  }
  const closeIdx = currentBuffer.indexOf(closeTag);
  if (closeIdx !== -1) {
    const content = currentBuffer.slice(0, closeIdx);
    const newBuffer = currentBuffer.slice(closeIdx + closeTag.length);
    return {
      content,
      closed: true,
      buffer: newBuffer,
      insideTag: false
    };
  }
  if (currentBuffer.length > safeMargin) {
    const content = currentBuffer.slice(0, -safeMargin);
    const newBuffer = currentBuffer.slice(-safeMargin);
    return {
      content,
      closed: false,
      buffer: newBuffer,
      insideTag: true
    };
  }
  return {
    content: "",
    closed: false,
    buffer: currentBuffer,
    insideTag: true
  };
}
function validateChunkSize(chunk) {
  if (chunk.length > MAX_CHUNK_SIZE) {
    throw new StreamError("CHUNK_TOO_LARGE", `Chunk size ${chunk.length} exceeds maximum allowed ${MAX_CHUNK_SIZE}`, {
      chunkSize: chunk.length,
      maxAllowed: MAX_CHUNK_SIZE
    });
  }
}
function trimBuffer(buffer, maxSize = MAX_BUFFER, keepSize = 1024) {
  if (buffer.length > maxSize) {
    return buffer.slice(-keepSize);
  }
  return buffer;
}
var ActionStreamFilter = class {
  buffer = "";
  decided = false;
  contentType = null;
  insideTextTag = false;
  finished = false;
  get done() {
    return this.finished;
  }
  reset() {
    this.buffer = "";
    this.decided = false;
    this.contentType = null;
    this.insideTextTag = false;
    this.finished = false;
  }
  flush() {
    if (this.contentType === "xml" && this.insideTextTag && this.buffer.length > 0) {
      const content = this.buffer;
      this.buffer = "";
      return content;
    }
    return "";
  }
  push(chunk) {
    validateChunkSize(chunk);
    this.buffer += chunk;
    if (!this.decided) {
      const contentType = this.detectContentType();
      if (contentType) {
        this.contentType = contentType;
        this.decided = true;
      } else {
        return "";
      }
    }
    switch (this.contentType) {
      case "json":
        return "";
      case "text":
        return this.handlePlainText();
      case "xml":
        return this.handleXml();
      default:
        return "";
    }
  }
  detectContentType() {
    const trimmed = this.buffer.trimStart();
    if (trimmed.length === 0) return null;
    const firstChar = trimmed[0];
    if (firstChar === "{" || firstChar === "[") return "json";
    if (firstChar === "<") return "xml";
    return "text";
  }
  handlePlainText() {
    const toStream = this.buffer;
    this.buffer = "";
    return toStream;
  }
  handleXml() {
    const result = extractTagContent(this.buffer, "<text>", "</text>", this.insideTextTag, SAFE_MARGIN);
    this.buffer = result.buffer;
    this.insideTextTag = result.insideTag;
    if (result.closed) {
      this.finished = true;
    }
    if (!this.insideTextTag && !result.closed) {
      this.buffer = trimBuffer(this.buffer, 1024, 1024);
    }
    return result.content;
  }
};
var import_unique_names_generator2 = leftOut("unique-names-generator");
var byteToHex = [];
for (let i = 0; i < 256; ++i) {
  byteToHex.push((i + 256).toString(16).slice(1));
}
function unsafeStringify(arr2, offset = 0) {
  return (byteToHex[arr2[offset + 0]] + byteToHex[arr2[offset + 1]] + byteToHex[arr2[offset + 2]] + byteToHex[arr2[offset + 3]] + "-" + byteToHex[arr2[offset + 4]] + byteToHex[arr2[offset + 5]] + "-" + byteToHex[arr2[offset + 6]] + byteToHex[arr2[offset + 7]] + "-" + byteToHex[arr2[offset + 8]] + byteToHex[arr2[offset + 9]] + "-" + byteToHex[arr2[offset + 10]] + byteToHex[arr2[offset + 11]] + byteToHex[arr2[offset + 12]] + byteToHex[arr2[offset + 13]] + byteToHex[arr2[offset + 14]] + byteToHex[arr2[offset + 15]]).toLowerCase();
}
var rnds8Pool = new Uint8Array(256);
var poolPtr = rnds8Pool.length;
function rng() {
  if (poolPtr > rnds8Pool.length - 16) {
    randomFillSync(rnds8Pool);
    poolPtr = 0;
  }
  return rnds8Pool.slice(poolPtr, poolPtr += 16);
}
var native_default = {
  randomUUID
};
function _v4(options, buf, offset) {
  options = options || {};
  const rnds = options.random ?? options.rng?.() ?? rng();
  if (rnds.length < 16) {
    throw new Error("Random bytes length must be >= 16");
  }
  rnds[6] = rnds[6] & 15 | 64;
  rnds[8] = rnds[8] & 63 | 128;
  if (buf) {
    offset = offset || 0;
    if (offset < 0 || offset + 16 > buf.length) {
      throw new RangeError(`UUID byte range ${offset}:${offset + 15} is out of buffer bounds`);
    }
    for (let i = 0; i < 16; ++i) {
      buf[offset + i] = rnds[i];
    }
    return buf;
  }
  return unsafeStringify(rnds);
}
function v43(options, buf, offset) {
  if (native_default.randomUUID && !buf && !options) {
    return native_default.randomUUID();
  }
  return _v4(options, buf, offset);
}
var v4_default = v43;
function isPlainObject(value) {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  if (Array.isArray(value)) {
    return false;
  }
  if (isBuffer(value)) {
    return false;
  }
  if (value instanceof Date) {
    return false;
  }
  if (value instanceof RegExp) {
    return false;
  }
  if (value instanceof Map) {
    return false;
  }
  if (value instanceof Set) {
    return false;
  }
  if (value instanceof WeakMap) {
    return false;
  }
  if (value instanceof WeakSet) {
    return false;
  }
  if (value instanceof Error) {
    return false;
  }
  if (value instanceof Promise) {
    return false;
  }
  return true;
}
var DefaultMessageService = class {
  handleMessage = () => leftOut("DefaultMessageService")();
};
var BM25 = leftOut("BM25");
var environmentSettings = {};
var AgentRuntime = class {
  #conversationLength = 32;
  agentId;
  character;
  adapter;
  actions = [];
  evaluators = [];
  providers = [];
  plugins = [];
  events = {};
  stateCache = /* @__PURE__ */ new Map();
  fetch = fetch;
  services = /* @__PURE__ */ new Map();
  serviceTypes = /* @__PURE__ */ new Map();
  models = /* @__PURE__ */ new Map();
  routes = [];
  taskWorkers = /* @__PURE__ */ new Map();
  sendHandlers = /* @__PURE__ */ new Map();
  eventHandlers = /* @__PURE__ */ new Map();
  elizaOS;
  allAvailablePlugins = /* @__PURE__ */ new Map();
  characterPlugins = [];
  logger;
  settings;
  servicePromiseHandlers = /* @__PURE__ */ new Map();
  servicePromises = /* @__PURE__ */ new Map();
  serviceRegistrationStatus = /* @__PURE__ */ new Map();
  initPromise;
  initResolver;
  initRejecter;
  currentRunId;
  currentRoomId;
  currentActionContext;
  maxWorkingMemoryEntries = 50;
  messageService = null;
  constructor(opts) {
    this.agentId = opts.character?.id ?? opts?.agentId ?? stringToUuid(opts.character?.name ?? v4_default());
    this.character = opts.character;
    this.initPromise = new Promise((resolve, reject) => {
      this.initResolver = resolve;
      this.initRejecter = reject;
    });
    this.logger = createLogger({
      namespace: this.character?.name
    });
    this.#conversationLength = opts.conversationLength ?? this.#conversationLength;
    if (opts.adapter) {
      this.registerDatabaseAdapter(opts.adapter);
    }
    this.fetch = opts.fetch ?? this.fetch;
    this.settings = opts.settings ?? environmentSettings;
    this.plugins = [];
    this.characterPlugins = opts?.plugins ?? [];
    if (opts.allAvailablePlugins) {
      for (const plugin of opts.allAvailablePlugins) {
        if (plugin?.name) {
          this.allAvailablePlugins.set(plugin.name, plugin);
        }
      }
    }
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      agentName: this.character?.name
    }, "Initialized");
    this.currentRunId = void 0;
    if (opts.settings?.MAX_WORKING_MEMORY_ENTRIES) {
      this.maxWorkingMemoryEntries = parseInt(opts.settings.MAX_WORKING_MEMORY_ENTRIES, 10) || 50;
    } else {
      this.maxWorkingMemoryEntries = getNumberEnv("MAX_WORKING_MEMORY_ENTRIES", 50);
    }
  }
  createRunId() {
    return v4_default();
  }
  startRun(roomId) {
    this.currentRunId = this.createRunId();
    this.currentRoomId = roomId;
    return this.currentRunId;
  }
  endRun() {
    this.currentRunId = void 0;
    this.currentRoomId = void 0;
  }
  getCurrentRunId() {
    if (!this.currentRunId) {
      this.currentRunId = this.createRunId();
    }
    return this.currentRunId;
  }
  async registerPlugin(plugin) {
    if (!plugin?.name) {
      const errorMsg = "Plugin or plugin name is undefined";
      this.logger.error({
        src: "agent",
        agentId: this.agentId,
        error: errorMsg
      }, "Plugin registration failed");
      throw new Error(`registerPlugin: ${errorMsg}`);
    }
    const existingPlugin = this.plugins.find((p) => p.name === plugin.name);
    if (existingPlugin) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        plugin: plugin.name
      }, "Plugin already registered, skipping");
      return;
    }
    this.plugins.push(plugin);
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      plugin: plugin.name
    }, "Plugin added");
    if (plugin.init) {
      const config = {};
      if (plugin.config) {
        for (const [key, value] of Object.entries(plugin.config)) {
          if (value !== null && value !== void 0) {
            config[key] = String(value);
          }
        }
      }
      await plugin.init(config, this);
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        plugin: plugin.name
      }, "Plugin initialized");
    }
    if (plugin.adapter) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        plugin: plugin.name
      }, "Registering database adapter");
      this.registerDatabaseAdapter(plugin.adapter);
    }
    if (plugin.actions) {
      for (const action of plugin.actions) {
        this.registerAction(action);
      }
    }
    if (plugin.evaluators) {
      for (const evaluator of plugin.evaluators) {
        this.registerEvaluator(evaluator);
      }
    }
    if (plugin.providers) {
      for (const provider of plugin.providers) {
        this.registerProvider(provider);
      }
    }
    if (plugin.models) {
      for (const [modelType, handler] of Object.entries(plugin.models)) {
        this.registerModel(modelType, handler, plugin.name, plugin?.priority);
      }
    }
    if (plugin.routes) {
      for (const route of plugin.routes) {
        const routePath = route.path.startsWith("/") ? route.path : `/${route.path}`;
        this.routes.push({
          ...route,
          path: "/" + plugin.name + routePath
        });
      }
    }
    if (plugin.events) {
      for (const [eventName, eventHandlers] of Object.entries(plugin.events)) {
        for (const eventHandler of eventHandlers) {
          this.registerEvent(eventName, eventHandler);
        }
      }
    }
    if (plugin.services) {
      for (const service of plugin.services) {
        const serviceType = service.serviceType;
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          plugin: plugin.name,
          serviceType
        }, "Registering service");
        if (!this.servicePromises.has(serviceType)) {
          this._createServiceResolver(serviceType);
        }
        this.serviceRegistrationStatus.set(serviceType, "pending");
        this.registerService(service).catch((error) => {
          this.logger.error({
            src: "agent",
            agentId: this.agentId,
            plugin: plugin.name,
            serviceType,
            error: error instanceof Error ? error.message : String(error)
          }, "Service registration failed");
          const handler = this.servicePromiseHandlers.get(serviceType);
          if (handler) {
            const serviceError = new Error(`Service ${serviceType} from plugin ${plugin.name} failed to register: ${error instanceof Error ? error.message : String(error)}`);
            handler.reject(serviceError);
            this.servicePromiseHandlers.delete(serviceType);
            this.servicePromises.delete(serviceType);
          }
          this.serviceRegistrationStatus.set(serviceType, "failed");
        });
      }
    }
  }
  getAllServices() {
    return this.services;
  }
  async stop() {
    this.logger.debug({
      src: "agent",
      agentId: this.agentId
    }, "Stopping runtime");
    for (const [serviceType, services] of this.services) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        serviceType
      }, "Stopping service");
      for (const service of services) {
        await service.stop();
      }
    }
    this.elizaOS = void 0;
  }
  async initialize(options) {
    const pluginRegistrationPromises = [];
    const pluginsToLoad = this.characterPlugins;
    for (const plugin of pluginsToLoad) {
      if (plugin) {
        pluginRegistrationPromises.push(this.registerPlugin(plugin));
      }
    }
    await Promise.all(pluginRegistrationPromises);
    if (!this.adapter) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter not initialized");
      throw new Error("Database adapter not initialized. The SQL plugin (@elizaos/plugin-sql) is required for agent initialization. Please ensure it is included in your character configuration.");
    }
    if (!await this.adapter.isReady()) {
      await this.adapter.init();
    }
    this.messageService = new DefaultMessageService();
    const skipMigrations = options?.skipMigrations ?? false;
    const existingAgent = await this.ensureAgentExists({
      ...this.character,
      id: this.agentId
    });
    if (!existingAgent) {
      throw new Error(`Agent ${this.agentId} does not exist in database after ensureAgentExists`);
    }
    this.mergeAgentSettings(existingAgent);
    await Promise.all([
      this.ensureWorldExists({
        id: this.agentId,
        name: `${this.character.name}'s World`,
        agentId: this.agentId,
        messageServerId: this.agentId
      }),
      skipMigrations ? Promise.resolve() : (async () => {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId
        }, "Running plugin migrations");
        await this.runPluginMigrations();
        this.logger.debug({
          src: "agent",
          agentId: this.agentId
        }, "Plugin migrations completed");
      })()
    ]);
    const [agentEntity, existingRoom, participants] = await Promise.all([
      this.ensureEntity({
        id: this.agentId,
        names: [
          this.character.name
        ],
        metadata: {},
        agentId: existingAgent.id
      }),
      this.getRoom(this.agentId),
      this.adapter.getParticipantsForRoom(this.agentId)
    ]);
    if (!agentEntity) {
      throw new Error(`Failed to ensure entity for agent ${this.agentId}`);
    }
    if (!existingRoom) {
      await this.createRoom({
        id: this.agentId,
        name: this.character.name,
        source: "elizaos",
        type: "SELF",
        channelId: this.agentId,
        messageServerId: this.agentId,
        worldId: this.agentId
      });
      this.logger.debug({
        src: "agent",
        agentId: this.agentId
      }, "Agent room created");
    }
    if (!participants.includes(this.agentId)) {
      const added = await this.addParticipant(this.agentId, this.agentId);
      if (!added) {
        throw new Error(`Failed to add agent ${this.agentId} as participant to its own room`);
      }
      this.logger.debug({
        src: "agent",
        agentId: this.agentId
      }, "Agent linked to room");
    }
    const embeddingModel = this.getModel(ModelType.TEXT_EMBEDDING);
    if (!embeddingModel) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId
      }, "No TEXT_EMBEDDING model registered, skipping embedding setup");
    } else {
      await this.ensureEmbeddingDimension();
    }
    if (this.initResolver) {
      this.initResolver();
      this.initResolver = void 0;
    }
  }
  mergeAgentSettings(existingAgent) {
    if (!existingAgent.settings) return;
    this.character.settings = {
      ...existingAgent.settings,
      ...this.character.settings
    };
    const dbSecrets = existingAgent.settings.secrets && typeof existingAgent.settings.secrets === "object" ? existingAgent.settings.secrets : {};
    const settingsSecrets = this.character.settings.secrets && typeof this.character.settings.secrets === "object" ? this.character.settings.secrets : {};
    const characterSecrets = this.character.secrets && typeof this.character.secrets === "object" ? this.character.secrets : {};
    const mergedSecrets = {
      ...dbSecrets,
      ...characterSecrets,
      ...settingsSecrets
    };
    if (Object.keys(mergedSecrets).length > 0) {
      const filteredSecrets = {};
      for (const [key, value] of Object.entries(mergedSecrets)) {
        if (value !== null && value !== void 0) {
          filteredSecrets[key] = value;
        }
      }
      if (Object.keys(filteredSecrets).length > 0) {
        this.character.secrets = filteredSecrets;
        this.character.settings.secrets = filteredSecrets;
      }
    }
  }
  async runPluginMigrations() {
    if (!this.adapter) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter not found, skipping plugin migrations");
      return;
    }
    if (typeof this.adapter.runPluginMigrations !== "function") {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter does not support plugin migrations");
      return;
    }
    const pluginsWithSchemas = this.plugins.filter((p) => p.schema).map((p) => {
      const schema = p.schema || {};
      const normalizedSchema = {};
      for (const [key, value] of Object.entries(schema)) {
        if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null || typeof value === "object" && value !== null && !Array.isArray(value)) {
          normalizedSchema[key] = value;
        }
      }
      return {
        name: p.name,
        schema: normalizedSchema
      };
    });
    if (pluginsWithSchemas.length === 0) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId
      }, "No plugins with schemas, skipping migrations");
      return;
    }
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      count: pluginsWithSchemas.length
    }, "Found plugins with schemas");
    const isProduction = false;
    const forceDestructive = process.env.ELIZA_ALLOW_DESTRUCTIVE_MIGRATIONS === "true";
    await this.adapter.runPluginMigrations(pluginsWithSchemas, {
      verbose: !isProduction,
      force: forceDestructive,
      dryRun: false
    });
    this.logger.debug({
      src: "agent",
      agentId: this.agentId
    }, "Plugin migrations completed");
  }
  async getConnection() {
    if (!this.adapter) {
      throw new Error("Database adapter not registered");
    }
    return this.adapter.getConnection();
  }
  setSetting(key, value, secret = false) {
    if (secret) {
      if (!this.character.secrets) {
        this.character.secrets = {};
      }
      if (value !== null && value !== void 0) {
        this.character.secrets[key] = value;
      }
    } else {
      if (!this.character.settings) {
        this.character.settings = {};
      }
      if (value !== null && value !== void 0) {
        this.character.settings[key] = value;
      }
    }
  }
  getSetting(key) {
    const settings = this.character.settings;
    const secrets = this.character.secrets;
    const nestedSecrets = typeof settings === "object" && settings !== null && "secrets" in settings && typeof settings.secrets === "object" && settings.secrets !== null ? settings.secrets : void 0;
    const value = secrets?.[key] || settings?.[key] || nestedSecrets?.[key] || this.settings[key];
    if (value === void 0 || value === null) {
      return null;
    }
    if (typeof value === "number") {
      return value;
    }
    if (typeof value === "boolean") {
      return value;
    }
    if (typeof value === "string") {
      const decrypted = decryptStringValue(value, getSalt());
      if (decrypted === "true") return true;
      if (decrypted === "false") return false;
      return decrypted;
    }
    return null;
  }
  getConversationLength() {
    return this.#conversationLength;
  }
  registerDatabaseAdapter(adapter) {
    if (this.adapter) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter already registered, ignoring");
    } else {
      this.adapter = adapter;
      this.logger.debug({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter registered");
    }
  }
  registerProvider(provider) {
    this.providers.push(provider);
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      provider: provider.name
    }, "Provider registered");
  }
  registerAction(action) {
    if (this.actions.find((a) => a.name === action.name)) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        action: action.name
      }, "Action already registered, skipping");
    } else {
      this.actions.push(action);
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        action: action.name
      }, "Action registered");
    }
  }
  registerEvaluator(evaluator) {
    this.evaluators.push(evaluator);
  }
  updateActionPlan(plan, updates) {
    return {
      ...plan,
      ...updates
    };
  }
  updateActionStep(plan, index, stepUpdates) {
    if (!plan.steps || index < 0 || index >= plan.steps.length) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        index,
        stepsCount: plan.steps?.length || 0
      }, "Invalid step index");
      return plan;
    }
    return {
      ...plan,
      steps: plan.steps.map((step, i) => i === index ? {
        ...step,
        ...stepUpdates
      } : step)
    };
  }
  async processActions(message, responses, state, callback, processOptions) {
    const allActions = [];
    for (const response of responses) {
      if (response.content?.actions && response.content.actions.length > 0) {
        allActions.push(...response.content.actions);
      }
    }
    const hasMultipleActions = allActions.length > 1;
    const parentRunId = this.getCurrentRunId();
    const runId = this.createRunId();
    let actionPlan = void 0;
    const thought = responses[0]?.content?.thought || `Executing ${allActions.length} actions: ${allActions.join(", ")}`;
    if (hasMultipleActions) {
      actionPlan = {
        runId,
        totalSteps: allActions.length,
        currentStep: 0,
        steps: allActions.map((action) => ({
          action,
          status: "pending"
        })),
        thought,
        startTime: Date.now()
      };
    }
    let actionIndex = 0;
    for (const response of responses) {
      let normalizeAction = function(actionString) {
        return actionString.toLowerCase().replace(/_/g, "");
      };
      if (!response.content?.actions || response.content.actions.length === 0) {
        this.logger.warn({
          src: "agent",
          agentId: this.agentId
        }, "No action found in response");
        continue;
      }
      const actions = response.content.actions;
      const actionResults = [];
      let accumulatedState = state;
      this.logger.trace({
        src: "agent",
        agentId: this.agentId,
        actions: this.actions.map((a) => normalizeAction(a.name))
      }, "Available actions");
      for (const responseAction of actions) {
        if (actionPlan) {
          actionPlan = this.updateActionPlan(actionPlan, {
            currentStep: actionIndex + 1
          });
        }
        accumulatedState = await this.composeState(message, [
          "RECENT_MESSAGES",
          "ACTION_STATE"
        ]);
        if (actionPlan && accumulatedState.data) {
          accumulatedState.data.actionPlan = actionPlan;
          accumulatedState.data.actionResults = actionResults;
        }
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          action: responseAction
        }, "Processing action");
        const normalizedResponseAction = normalizeAction(responseAction);
        let action = this.actions.find((a) => normalizeAction(a.name) === normalizedResponseAction);
        if (!action) {
          action = this.actions.find((a) => normalizeAction(a.name).includes(normalizedResponseAction) || normalizedResponseAction.includes(normalizeAction(a.name)));
        }
        if (!action) {
          for (const _action of this.actions) {
            const exactSimileMatch = _action.similes?.find((simile) => normalizeAction(simile) === normalizedResponseAction);
            if (exactSimileMatch) {
              action = _action;
              this.logger.debug({
                src: "agent",
                agentId: this.agentId,
                action: action.name,
                match: "simile"
              }, "Action resolved via simile");
              break;
            }
            const fuzzySimileMatch = _action.similes?.find((simile) => normalizeAction(simile).includes(normalizedResponseAction) || normalizedResponseAction.includes(normalizeAction(simile)));
            if (fuzzySimileMatch) {
              action = _action;
              this.logger.debug({
                src: "agent",
                agentId: this.agentId,
                action: action.name,
                match: "fuzzy"
              }, "Action resolved via fuzzy match");
              break;
            }
          }
        }
        if (!action) {
          const errorMsg = `Action not found: ${responseAction}`;
          this.logger.error({
            src: "agent",
            agentId: this.agentId,
            action: responseAction
          }, "Action not found");
          if (actionPlan && actionPlan.steps[actionIndex]) {
            actionPlan = this.updateActionStep(actionPlan, actionIndex, {
              status: "failed",
              error: errorMsg
            });
          }
          const actionMemory2 = {
            id: v4_default(),
            entityId: message.entityId,
            roomId: message.roomId,
            worldId: message.worldId,
            content: {
              thought: errorMsg,
              source: "auto",
              type: "action_result",
              actionName: responseAction,
              actionStatus: "failed",
              runId
            }
          };
          await this.createMemory(actionMemory2, "messages");
          actionIndex++;
          continue;
        }
        if (!action.handler) {
          this.logger.error({
            src: "agent",
            agentId: this.agentId,
            action: action.name
          }, "Action has no handler");
          if (actionPlan && actionPlan.steps[actionIndex]) {
            actionPlan = this.updateActionStep(actionPlan, actionIndex, {
              status: "failed",
              error: "No handler"
            });
          }
          actionIndex++;
          continue;
        }
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          action: action.name
        }, "Executing action");
        const actionId = v4_default();
        const responseMessageId = v4_default();
        this.currentActionContext = {
          actionName: action.name,
          actionId,
          prompts: []
        };
        const actionContext = {
          previousResults: actionResults,
          getPreviousResult: (actionName) => {
            return actionResults.find((r) => r.data?.actionName === actionName);
          }
        };
        const options = {
          actionContext
        };
        if (actionPlan) {
          options.actionPlan = {
            totalSteps: actionPlan.totalSteps,
            currentStep: actionPlan.currentStep,
            steps: actionPlan.steps,
            thought: actionPlan.thought
          };
        }
        if (processOptions?.onStreamChunk) {
          options.onStreamChunk = processOptions.onStreamChunk;
        }
        await this.emitEvent("ACTION_STARTED", {
          messageId: actionId,
          roomId: message.roomId,
          world: message.worldId,
          content: {
            text: `Executing action: ${action.name}`,
            actions: [
              action.name
            ],
            actionStatus: "executing",
            actionId,
            runId,
            type: "agent_action",
            thought,
            source: message.content?.source
          }
        });
        let storedCallbackData = [];
        const storageCallback = async (response2) => {
          response2.responseId = responseMessageId;
          storedCallbackData.push(response2);
          return [];
        };
        let actionStreamingContext;
        if (processOptions?.onStreamChunk) {
          let currentFilter = null;
          actionStreamingContext = {
            messageId: responseMessageId,
            onStreamChunk: async (chunk, msgId) => {
              if (!currentFilter) {
                currentFilter = new ActionStreamFilter();
              }
              const textToStream = currentFilter.push(chunk);
              if (textToStream) {
                await processOptions.onStreamChunk(textToStream, msgId);
              }
            },
            onStreamEnd: () => {
              currentFilter = null;
            }
          };
        }
        const result = await runWithStreamingContext(actionStreamingContext, () => action.handler(this, message, accumulatedState, options, storageCallback, responses));
        const isLegacyReturn = result === void 0 || result === null || typeof result === "boolean";
        let actionResult = null;
        if (!isLegacyReturn) {
          if (typeof result === "object" && result !== null && ("values" in result || "data" in result || "text" in result)) {
            actionResult = {
              ...result,
              success: "success" in result ? result.success : true
            };
          } else {
            actionResult = {
              success: true,
              data: {
                actionName: action.name,
                legacyResult: result
              }
            };
          }
          actionResults.push(actionResult);
          if (actionResult.values) {
            const existingActionResults = Array.isArray(accumulatedState.data?.actionResults) ? accumulatedState.data.actionResults : [];
            accumulatedState = {
              ...accumulatedState,
              values: {
                ...accumulatedState.values,
                ...actionResult.values
              },
              data: {
                ...accumulatedState.data || {},
                actionResults: [
                  ...existingActionResults,
                  actionResult
                ],
                actionPlan
              }
            };
          }
          if (actionResult && accumulatedState.data) {
            if (!accumulatedState.data.workingMemory) accumulatedState.data.workingMemory = {};
            const responseAction2 = actionResult.data?.actionName || action.name;
            const memoryKey = `action_${responseAction2}_${v4_default()}`;
            const memoryEntry = {
              actionName: action.name,
              result: actionResult,
              timestamp: Date.now()
            };
            const workingMemory = accumulatedState.data.workingMemory;
            workingMemory[memoryKey] = memoryEntry;
            const entries = Object.entries(workingMemory);
            if (entries.length > this.maxWorkingMemoryEntries) {
              const sorted = entries.sort((a, b) => {
                const entryA = a[1];
                const entryB = b[1];
                const timestampA = entryA?.timestamp ?? 0;
                const timestampB = entryB?.timestamp ?? 0;
                return timestampB - timestampA;
              });
              accumulatedState.data.workingMemory = Object.fromEntries(sorted.slice(0, this.maxWorkingMemoryEntries));
            }
          }
          if (actionPlan && actionPlan.steps[actionIndex]) {
            actionPlan = this.updateActionStep(actionPlan, actionIndex, {
              status: "completed",
              result: actionResult
            });
          }
        }
        const isSuccess = actionResult?.success !== false;
        const statusText = isSuccess ? "completed" : "failed";
        await this.emitEvent("ACTION_COMPLETED", {
          messageId: actionId,
          roomId: message.roomId,
          world: message.worldId,
          content: {
            text: actionResult?.text || "",
            actions: [
              action.name
            ],
            actionStatus: statusText,
            actionId,
            type: "agent_action",
            thought,
            actionResult,
            source: message.content?.source
          }
        });
        if (callback) {
          for (const content of storedCallbackData) {
            await callback(content);
          }
        }
        const actionMemory = {
          id: actionId,
          entityId: this.agentId,
          roomId: message.roomId,
          worldId: message.worldId,
          content: {
            text: actionResult?.text || `Executed action: ${action.name}`,
            source: "action",
            type: "action_result",
            actionName: action.name,
            actionStatus: actionResult?.success ? "completed" : "failed",
            actionResult: isLegacyReturn ? {
              legacy: result
            } : actionResult,
            runId,
            ...actionPlan && {
              planStep: `${actionPlan.currentStep}/${actionPlan.totalSteps}`,
              planThought: actionPlan.thought
            }
          },
          metadata: {
            type: "action_result",
            actionName: action.name,
            runId,
            parentRunId,
            actionId,
            ...actionPlan && {
              totalSteps: actionPlan.totalSteps,
              currentStep: actionPlan.currentStep
            }
          }
        };
        await this.createMemory(actionMemory, "messages");
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          action: action.name
        }, "Action completed");
        await this.adapter.log({
          entityId: message.entityId,
          roomId: message.roomId,
          type: "action",
          body: {
            action: action.name,
            actionId,
            message: message.content.text,
            messageId: message.id,
            state: accumulatedState,
            responses,
            result: isLegacyReturn ? {
              legacy: result
            } : actionResult,
            isLegacyReturn,
            prompts: this.currentActionContext?.prompts || [],
            promptCount: this.currentActionContext?.prompts.length || 0,
            runId,
            parentRunId,
            ...actionPlan && {
              planStep: `${actionPlan.currentStep}/${actionPlan.totalSteps}`,
              planThought: actionPlan.thought
            }
          }
        });
        this.currentActionContext = void 0;
        actionIndex++;
      }
      if (message.id) {
        this.stateCache.set(`${message.id}_action_results`, {
          values: {
            actionResults
          },
          data: {
            actionResults,
            actionPlan
          },
          text: JSON.stringify(actionResults)
        });
      }
    }
  }
  getActionResults(messageId) {
    const cachedState = this.stateCache?.get(`${messageId}_action_results`);
    return cachedState?.data?.actionResults || [];
  }
  async evaluate(message, state, didRespond, callback, responses) {
    const evaluatorPromises = this.evaluators.map(async (evaluator) => {
      if (!evaluator.handler) {
        return null;
      }
      if (!didRespond && !evaluator.alwaysRun) {
        return null;
      }
      const result = await evaluator.validate(this, message, state);
      if (result) {
        return evaluator;
      }
      return null;
    });
    const evaluators = (await Promise.all(evaluatorPromises)).filter(Boolean);
    if (evaluators.length === 0) {
      return [];
    }
    state = await this.composeState(message, [
      "RECENT_MESSAGES",
      "EVALUATORS"
    ]);
    await Promise.all(evaluators.map(async (evaluator) => {
      if (evaluator.handler) {
        await evaluator.handler(this, message, state, {}, callback, responses);
        this.adapter.log({
          entityId: message.entityId,
          roomId: message.roomId,
          type: "evaluator",
          body: {
            evaluator: evaluator.name,
            messageId: message.id,
            message: message.content.text,
            state,
            runId: this.getCurrentRunId()
          }
        });
      }
    }));
    return evaluators;
  }
  async ensureConnections(entities, rooms, source, world) {
    if (!entities) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId
      }, "ensureConnections called without entities");
      return;
    }
    if (!rooms || rooms.length === 0) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId
      }, "ensureConnections called without rooms");
      return;
    }
    await this.ensureWorldExists({
      ...world,
      agentId: this.agentId
    });
    const firstRoom = rooms[0];
    const chunkArray = (arr2, size) => arr2.reduce((chunks, item, i) => {
      if (i % size === 0) chunks.push([]);
      chunks[chunks.length - 1].push(item);
      return chunks;
    }, []);
    const roomIds = rooms.map((r) => r.id);
    const roomExistsCheck = await this.getRoomsByIds(roomIds);
    const roomsIdExists = roomExistsCheck?.map((r) => r.id);
    const roomsToCreate = roomIds.filter((id) => !roomsIdExists?.includes(id));
    const rf = {
      worldId: world.id,
      messageServerId: world.messageServerId,
      source,
      agentId: this.agentId
    };
    if (roomsToCreate.length) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        count: roomsToCreate.length
      }, "Creating rooms");
      const roomObjsToCreate = rooms.filter((r) => roomsToCreate.includes(r.id)).map((r) => ({
        ...r,
        ...rf,
        type: r.type || "GROUP"
        /* GROUP */
      }));
      await this.createRooms(roomObjsToCreate);
    }
    const entityIds = entities.map((e) => e.id).filter((id) => id !== void 0);
    if (entities.length) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        count: entities.length
      }, "Creating entities");
      const entityFields = {
        roomId: firstRoom.id,
        channelId: firstRoom.channelId,
        type: firstRoom.type,
        worldId: world.id,
        messageServerId: world.messageServerId,
        source,
        agentId: this.agentId
      };
      const entitiesWithFields = entities.filter((e) => e.id !== void 0).map((e) => ({
        ...e,
        ...entityFields,
        metadata: e.metadata || {}
      }));
      const batches = chunkArray(entitiesWithFields, 5e3);
      for (const batch of batches) {
        await this.createEntities(batch);
      }
    }
    await this.ensureParticipantInRoom(this.agentId, firstRoom.id);
    const entityIdsInFirstRoom = await this.getParticipantsForRoom(firstRoom.id);
    const entityIdsInFirstRoomFiltered = entityIdsInFirstRoom.filter((id) => id !== void 0);
    const missingIdsInRoom = entityIds.filter((id) => !entityIdsInFirstRoomFiltered.includes(id));
    if (missingIdsInRoom.length) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        count: missingIdsInRoom.length,
        channelId: firstRoom.id
      }, "Adding missing participants");
      const batches = chunkArray(missingIdsInRoom, 5e3);
      for (const batch of batches) {
        await this.addParticipantsRoom(batch, firstRoom.id);
      }
    }
    this.logger.success({
      src: "agent",
      agentId: this.agentId,
      worldId: world.id
    }, "World connected");
  }
  async ensureConnection({ entityId, roomId, worldId, worldName, userName, name, source, type, channelId, messageServerId, userId, metadata }) {
    if (!worldId && messageServerId) {
      worldId = createUniqueUuid(this, messageServerId);
    }
    const names3 = [
      name,
      userName
    ].filter(Boolean);
    const entityMetadata = {
      [source]: {
        id: userId,
        name,
        userName
      }
    };
    const entity = await this.getEntityById(entityId);
    if (!entity) {
      const success = await this.createEntity({
        id: entityId,
        names: names3,
        metadata: entityMetadata,
        agentId: this.agentId
      });
      if (success) {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          entityId,
          userName: name || userName
        }, "Entity created");
      } else {
        throw new Error(`Failed to create entity ${entityId}`);
      }
    } else {
      await this.adapter.updateEntity({
        id: entityId,
        names: [
          .../* @__PURE__ */ new Set([
            ...entity.names || [],
            ...names3
          ])
        ].filter(Boolean),
        metadata: {
          ...entity.metadata,
          [source]: {
            ...entity.metadata?.[source] && typeof entity.metadata[source] === "object" ? entity.metadata[source] : {},
            id: userId,
            name,
            userName
          }
        },
        agentId: this.agentId
      });
    }
    await this.ensureWorldExists({
      id: worldId,
      name: worldName || messageServerId ? `World for server ${messageServerId}` : `World for room ${roomId}`,
      agentId: this.agentId,
      messageServerId,
      metadata
    });
    await this.ensureRoomExists({
      id: roomId,
      name: name || "default",
      source: source || "default",
      type: type || "DM",
      channelId,
      messageServerId,
      worldId
    });
    await this.ensureParticipantInRoom(entityId, roomId);
    await this.ensureParticipantInRoom(this.agentId, roomId);
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      entityId,
      channelId: roomId
    }, "Entity connected");
  }
  async ensureParticipantInRoom(entityId, roomId) {
    const entity = await this.getEntityById(entityId);
    if (!entity && entityId !== this.agentId) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        entityId
      }, "Entity not accessible, attempting to add as participant");
    } else if (!entity && entityId === this.agentId) {
      throw new Error(`Agent entity ${entityId} not found, cannot add as participant.`);
    } else if (!entity) {
      throw new Error(`User entity ${entityId} not found, cannot add as participant.`);
    }
    const participants = await this.adapter.getParticipantsForRoom(roomId);
    if (!participants.includes(entityId)) {
      const added = await this.addParticipant(entityId, roomId);
      if (!added) {
        throw new Error(`Failed to add participant ${entityId} to room ${roomId}`);
      }
      if (entityId === this.agentId) {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          channelId: roomId
        }, "Agent linked to room");
      } else {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          entityId,
          channelId: roomId
        }, "User linked to room");
      }
    }
  }
  async removeParticipant(entityId, roomId) {
    return await this.adapter.removeParticipant(entityId, roomId);
  }
  async getParticipantsForEntity(entityId) {
    return await this.adapter.getParticipantsForEntity(entityId);
  }
  async getParticipantsForRoom(roomId) {
    return await this.adapter.getParticipantsForRoom(roomId);
  }
  async isRoomParticipant(roomId, entityId) {
    return await this.adapter.isRoomParticipant(roomId, entityId);
  }
  async addParticipant(entityId, roomId) {
    return await this.adapter.addParticipantsRoom([
      entityId
    ], roomId);
  }
  async addParticipantsRoom(entityIds, roomId) {
    return await this.adapter.addParticipantsRoom(entityIds, roomId);
  }
  async ensureWorldExists({ id, name, messageServerId, metadata }) {
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      worldId: id,
      name,
      messageServerId
    }, "Ensuring world exists");
    await this.adapter.createWorld({
      id,
      name,
      agentId: this.agentId,
      messageServerId,
      metadata
    });
  }
  async ensureRoomExists({ id, name, source, type, channelId, messageServerId, worldId, metadata }) {
    if (!worldId) throw new Error("worldId is required");
    const room = await this.getRoom(id);
    if (!room) {
      await this.createRoom({
        id,
        name,
        agentId: this.agentId,
        source,
        type,
        channelId,
        messageServerId,
        worldId,
        metadata
      });
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        channelId: id
      }, "Room created");
    }
  }
  async composeState(message, includeList = null, onlyInclude = false, skipCache = false) {
    const filterList = onlyInclude ? includeList : null;
    const emptyObj = {
      values: {},
      data: {},
      text: ""
    };
    const cachedState = skipCache || !message.id ? emptyObj : await this.stateCache.get(message.id) || emptyObj;
    const providerNames = /* @__PURE__ */ new Set();
    if (filterList && filterList.length > 0) {
      filterList.forEach((name) => providerNames.add(name));
    } else {
      this.providers.filter((p) => !p.private && !p.dynamic).forEach((p) => providerNames.add(p.name));
    }
    if (!filterList && includeList && includeList.length > 0) {
      includeList.forEach((name) => providerNames.add(name));
    }
    const providersToGet = Array.from(new Set(this.providers.filter((p) => providerNames.has(p.name)))).sort((a, b) => (a.position || 0) - (b.position || 0));
    const providerData = await Promise.all(providersToGet.map(async (provider) => {
      const start = Date.now();
      const result = await provider.get(this, message, cachedState);
      const duration = Date.now() - start;
      if (duration > 100) {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          provider: provider.name,
          duration
        }, "Slow provider");
      }
      return {
        ...result,
        providerName: provider.name
      };
    }));
    const currentProviderResults = {
      ...cachedState.data?.providers || {}
    };
    for (const freshResult of providerData) {
      currentProviderResults[freshResult.providerName] = freshResult;
    }
    const orderedTexts = [];
    for (const provider of providersToGet) {
      const result = currentProviderResults[provider.name];
      if (result && result.text && typeof result.text === "string" && result.text.trim() !== "") {
        orderedTexts.push(result.text);
      }
    }
    const providersText = orderedTexts.join(`
`);
    const aggregatedStateValues = {
      ...cachedState.values || {}
    };
    for (const provider of providersToGet) {
      const providerResult = currentProviderResults[provider.name];
      if (providerResult && providerResult.values && typeof providerResult.values === "object" && providerResult.values !== null) {
        Object.assign(aggregatedStateValues, providerResult.values);
      }
    }
    for (const providerName in currentProviderResults) {
      if (!providersToGet.some((p) => p.name === providerName)) {
        const providerResult = currentProviderResults[providerName];
        if (providerResult && providerResult.values && typeof providerResult.values === "object" && providerResult.values !== null) {
          Object.assign(aggregatedStateValues, providerResult.values);
        }
      }
    }
    const newState = {
      values: {
        ...aggregatedStateValues,
        providers: providersText
      },
      data: {
        ...cachedState.data || {},
        providers: currentProviderResults
      },
      text: providersText
    };
    if (message.id) {
      this.stateCache.set(message.id, newState);
    }
    return newState;
  }
  getService(serviceName) {
    const serviceInstances = this.services.get(serviceName);
    if (!serviceInstances || serviceInstances.length === 0) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        serviceName
      }, "Service not found");
      return null;
    }
    return serviceInstances[0];
  }
  getTypedService(serviceName) {
    return this.getService(serviceName);
  }
  getServicesByType(serviceName) {
    const serviceInstances = this.services.get(serviceName);
    if (!serviceInstances || serviceInstances.length === 0) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        serviceName
      }, "No services found for type");
      return [];
    }
    return serviceInstances;
  }
  getRegisteredServiceTypes() {
    return Array.from(this.services.keys());
  }
  hasService(serviceType) {
    const serviceInstances = this.services.get(serviceType);
    return serviceInstances !== void 0 && serviceInstances.length > 0;
  }
  getServiceRegistrationStatus(serviceType) {
    return this.serviceRegistrationStatus.get(serviceType) || "unknown";
  }
  getServiceHealth() {
    const health = {};
    for (const [serviceType, instances] of this.services) {
      health[serviceType] = {
        status: this.getServiceRegistrationStatus(serviceType),
        instances: instances.length,
        hasPromise: this.servicePromises.has(serviceType)
      };
    }
    for (const [serviceType, status] of this.serviceRegistrationStatus) {
      if (!health[serviceType]) {
        health[serviceType] = {
          status,
          instances: 0,
          hasPromise: this.servicePromises.has(serviceType)
        };
      }
    }
    return health;
  }
  async registerService(serviceDef) {
    const serviceType = serviceDef.serviceType;
    const serviceName = serviceDef.name || "Unknown";
    if (!serviceType) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        serviceName
      }, "Service missing serviceType property");
      return;
    }
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      serviceType
    }, "Registering service");
    this.serviceRegistrationStatus.set(serviceType, "registering");
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      serviceType
    }, "Service waiting for init");
    const initTimeout = new Promise((_, reject) => {
      setTimeout(() => {
        reject(new Error(`Service ${serviceType} registration timed out waiting for runtime initialization (30s timeout)`));
      }, 3e4);
    });
    await Promise.race([
      this.initPromise,
      initTimeout
    ]);
    if (typeof serviceDef.start !== "function") {
      throw new Error(`Service ${serviceType} does not have a static start method. All services must implement static async start(runtime: IAgentRuntime): Promise<Service>.`);
    }
    const serviceInstance = await serviceDef.start(this);
    if (!serviceInstance) {
      throw new Error(`Service ${serviceType}  start() method returned null or undefined. It must return a Service instance.`);
    }
    if (!this.services.has(serviceType)) {
      this.services.set(serviceType, []);
    }
    if (!this.serviceTypes.has(serviceType)) {
      this.serviceTypes.set(serviceType, []);
    }
    this.services.get(serviceType).push(serviceInstance);
    this.serviceTypes.get(serviceType).push(serviceDef);
    const handler = this.servicePromiseHandlers.get(serviceType);
    if (handler) {
      handler.resolve(serviceInstance);
      this.servicePromiseHandlers.delete(serviceType);
    } else {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        serviceType
      }, "Service has no promise handler");
    }
    if (serviceDef.registerSendHandlers) {
      serviceDef.constructor.registerSendHandlers?.(this, serviceInstance);
    }
    this.serviceRegistrationStatus.set(serviceType, "registered");
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      serviceType
    }, "Service registered");
  }
  _createServiceResolver(serviceType) {
    let resolver;
    let rejecter;
    this.servicePromises.set(serviceType, new Promise((resolve, reject) => {
      resolver = resolve;
      rejecter = reject;
    }));
    if (!resolver) {
      throw new Error(`Failed to create resolver for service ${serviceType}`);
    }
    if (!rejecter) {
      throw new Error(`Failed to create rejecter for service ${serviceType}`);
    }
    this.servicePromiseHandlers.set(serviceType, {
      resolve: resolver,
      reject: rejecter
    });
    return this.servicePromises.get(serviceType);
  }
  getServiceLoadPromise(serviceType) {
    let p = this.servicePromises.get(serviceType);
    if (!p) {
      p = this._createServiceResolver(serviceType);
    }
    return p;
  }
  registerModel(modelType, handler, provider, priority) {
    const modelKey = typeof modelType === "string" ? modelType : ModelType[modelType];
    if (!this.models.has(modelKey)) {
      this.models.set(modelKey, []);
    }
    const registrationOrder = Date.now();
    this.models.get(modelKey)?.push({
      handler,
      provider,
      priority: priority || 0,
      registrationOrder
    });
    this.models.get(modelKey)?.sort((a, b) => {
      if ((b.priority || 0) !== (a.priority || 0)) {
        return (b.priority || 0) - (a.priority || 0);
      }
      return (a.registrationOrder || 0) - (b.registrationOrder || 0);
    });
  }
  getModel(modelType) {
    const modelKey = typeof modelType === "string" ? modelType : ModelType[modelType];
    const models = this.models.get(modelKey);
    if (!models?.length) {
      return;
    }
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      model: modelKey,
      provider: models[0].provider
    }, "Using model");
    return models[0].handler;
  }
  getModelSettings(modelType) {
    const modelSettings = {};
    const getSettingWithFallback = (param, legacyKey) => {
      if (modelType) {
        const modelSpecificKey = `${modelType}_${param}`;
        const modelValue = this.getSetting(modelSpecificKey);
        if (modelValue !== null && modelValue !== void 0) {
          const numValue = Number(modelValue);
          if (!isNaN(numValue)) {
            return numValue;
          }
        }
      }
      const defaultKey = `DEFAULT_${param}`;
      const defaultValue = this.getSetting(defaultKey);
      if (defaultValue !== null && defaultValue !== void 0) {
        const numValue = Number(defaultValue);
        if (!isNaN(numValue)) {
          return numValue;
        }
      }
      if (legacyKey) {
        const legacyValue = this.getSetting(legacyKey);
        if (legacyValue !== null && legacyValue !== void 0) {
          const numValue = Number(legacyValue);
          if (!isNaN(numValue)) {
            return numValue;
          }
        }
      }
      return null;
    };
    const maxTokens = getSettingWithFallback("MAX_TOKENS", MODEL_SETTINGS.MODEL_MAX_TOKEN);
    const temperature = getSettingWithFallback("TEMPERATURE", MODEL_SETTINGS.MODEL_TEMPERATURE);
    const topP = getSettingWithFallback("TOP_P");
    const topK = getSettingWithFallback("TOP_K");
    const minP = getSettingWithFallback("MIN_P");
    const seed = getSettingWithFallback("SEED");
    const repetitionPenalty = getSettingWithFallback("REPETITION_PENALTY");
    const frequencyPenalty = getSettingWithFallback("FREQUENCY_PENALTY", MODEL_SETTINGS.MODEL_FREQ_PENALTY);
    const presencePenalty = getSettingWithFallback("PRESENCE_PENALTY", MODEL_SETTINGS.MODEL_PRESENCE_PENALTY);
    if (maxTokens !== null) modelSettings.maxTokens = maxTokens;
    if (temperature !== null) modelSettings.temperature = temperature;
    if (topP !== null) modelSettings.topP = topP;
    if (topK !== null) modelSettings.topK = topK;
    if (minP !== null) modelSettings.minP = minP;
    if (seed !== null) modelSettings.seed = seed;
    if (repetitionPenalty !== null) modelSettings.repetitionPenalty = repetitionPenalty;
    if (frequencyPenalty !== null) modelSettings.frequencyPenalty = frequencyPenalty;
    if (presencePenalty !== null) modelSettings.presencePenalty = presencePenalty;
    return Object.keys(modelSettings).length > 0 ? modelSettings : null;
  }
  logModelCall(modelType, modelKey, params, promptContent, elapsedTime, provider, response) {
    if (modelKey !== ModelType.TEXT_EMBEDDING && promptContent) {
      if (this.currentActionContext) {
        this.currentActionContext.prompts.push({
          modelType: modelKey,
          prompt: promptContent,
          timestamp: Date.now()
        });
      }
    }
    this.adapter.log({
      entityId: this.agentId,
      roomId: this.currentRoomId ?? this.agentId,
      body: {
        modelType,
        modelKey,
        params: {
          ...typeof params === "object" && !Array.isArray(params) && params ? params : {},
          prompt: promptContent
        },
        prompt: promptContent,
        systemPrompt: this.character?.system || null,
        runId: this.getCurrentRunId(),
        timestamp: Date.now(),
        executionTime: elapsedTime,
        provider: provider || this.models.get(modelKey)?.[0]?.provider || "unknown",
        actionContext: this.currentActionContext ? {
          actionName: this.currentActionContext.actionName,
          actionId: this.currentActionContext.actionId
        } : void 0,
        response: Array.isArray(response) && response.every((x) => typeof x === "number") ? "[array]" : response
      },
      type: `useModel:${modelKey}`
    });
  }
  async useModel(modelType, params, provider) {
    const modelKey = typeof modelType === "string" ? modelType : ModelType[modelType];
    const paramsObj = params;
    const promptContent = (paramsObj && "prompt" in paramsObj && typeof paramsObj.prompt === "string" ? paramsObj.prompt : null) || (paramsObj && "input" in paramsObj && typeof paramsObj.input === "string" ? paramsObj.input : null) || (paramsObj && "messages" in paramsObj && Array.isArray(paramsObj.messages) ? JSON.stringify(paramsObj.messages) : null);
    const model = this.getModel(modelKey);
    const modelWithProvider = provider && this.models.get(modelKey)?.find((m) => m.provider === provider);
    const handler = modelWithProvider ? modelWithProvider.handler : model;
    if (!handler) {
      const errorMsg = `No handler found for delegate type: ${modelKey}`;
      throw new Error(errorMsg);
    }
    const binaryModels = [
      ModelType.TRANSCRIPTION,
      ModelType.IMAGE,
      ModelType.AUDIO,
      ModelType.VIDEO
    ];
    if (!binaryModels.includes(modelKey)) {
      this.logger.trace({
        src: "agent",
        agentId: this.agentId,
        model: modelKey,
        params
      }, "Model input");
    } else {
      let sizeInfo = "unknown size";
      if (Buffer.isBuffer(params)) {
        sizeInfo = `${params.length} bytes`;
      } else if (typeof Blob !== "undefined" && params instanceof Blob) {
        sizeInfo = `${params.size} bytes`;
      } else if (typeof params === "object" && params !== null) {
        if ("audio" in params && Buffer.isBuffer(params.audio)) {
          sizeInfo = `${params.audio.length} bytes`;
        } else if ("audio" in params && typeof Blob !== "undefined" && params.audio instanceof Blob) {
          sizeInfo = `${params.audio.size} bytes`;
        }
      }
      this.logger.trace({
        src: "agent",
        agentId: this.agentId,
        model: modelKey,
        size: sizeInfo
      }, "Model input (binary)");
    }
    let modelParams;
    if (params === null || params === void 0 || typeof params !== "object" || Array.isArray(params) || BufferUtils.isBuffer(params)) {
      modelParams = params;
    } else {
      const modelSettings = this.getModelSettings(modelKey);
      if (modelSettings) {
        modelParams = {
          ...modelSettings,
          ...params
        };
      } else {
        modelParams = params;
      }
      if (isPlainObject(modelParams)) {
        if (modelParams.user === void 0 && this.character?.name) {
          if (typeof modelParams === "object" && modelParams !== null && !Array.isArray(modelParams)) {
            modelParams.user = this.character.name;
          }
        }
      }
    }
    const startTime = typeof performance !== "undefined" && typeof performance.now === "function" ? performance.now() : Date.now();
    const streamingCtx = getStreamingContext();
    const paramsChunk = isPlainObject(modelParams) ? modelParams.onStreamChunk : void 0;
    const ctxChunk = streamingCtx?.onStreamChunk;
    const msgId = streamingCtx?.messageId;
    const abortSignal = streamingCtx?.abortSignal;
    const explicitStream = isPlainObject(modelParams) ? modelParams.stream : void 0;
    const shouldStream = explicitStream === false ? false : !!(paramsChunk || ctxChunk || explicitStream);
    if (isPlainObject(modelParams)) {
      modelParams.stream = shouldStream;
      delete modelParams.onStreamChunk;
    }
    const response = await handler(this, modelParams);
    if (shouldStream && (paramsChunk || ctxChunk) && response && typeof response === "object" && "textStream" in response) {
      let fullText = "";
      for await (const chunk of response.textStream) {
        if (abortSignal?.aborted) break;
        fullText += chunk;
        try {
          if (paramsChunk) await paramsChunk(chunk, msgId);
        } catch {
        }
        try {
          if (ctxChunk) await ctxChunk(chunk, msgId);
        } catch {
        }
      }
      const ctxEnd = getStreamingContext()?.onStreamEnd;
      if (ctxEnd) ctxEnd();
      const elapsedTime2 = (typeof performance !== "undefined" && typeof performance.now === "function" ? performance.now() : Date.now()) - startTime;
      this.logger.trace({
        src: "agent",
        agentId: this.agentId,
        model: modelKey,
        duration: Number(elapsedTime2.toFixed(2)),
        streaming: true
      }, "Model output (stream with callback complete)");
      this.logModelCall(modelType, modelKey, params, promptContent, elapsedTime2, provider, fullText);
      return fullText;
    }
    const elapsedTime = (typeof performance !== "undefined" && typeof performance.now === "function" ? performance.now() : Date.now()) - startTime;
    this.logger.trace({
      src: "agent",
      agentId: this.agentId,
      model: modelKey,
      duration: Number(elapsedTime.toFixed(2))
    }, "Model output");
    this.logModelCall(modelType, modelKey, params, promptContent, elapsedTime, provider, response);
    return response;
  }
  async generateText(input, options) {
    if (!input?.trim()) {
      throw new Error("Input cannot be empty");
    }
    const includeCharacter = options?.includeCharacter ?? true;
    const modelType = options?.modelType ?? ModelType.TEXT_LARGE;
    let prompt = input;
    if (includeCharacter && this.character) {
      const c = this.character;
      const parts = [];
      const bioText = Array.isArray(c.bio) ? c.bio.join(" ") : c.bio;
      if (bioText) {
        parts.push(`# About ${c.name}
${bioText}`);
      }
      if (c.system) {
        parts.push(c.system);
      }
      const styles2 = [
        ...c.style?.all || [],
        ...c.style?.chat || []
      ];
      if (styles2.length > 0) {
        parts.push(`Style:
${styles2.map((s) => `- ${s}`).join(`
`)}`);
      }
      if (parts.length > 0) {
        prompt = `${parts.join(`

`)}

${input}`;
      }
    }
    const params = {
      prompt,
      maxTokens: options?.maxTokens,
      minTokens: options?.minTokens,
      temperature: options?.temperature,
      topP: options?.topP,
      topK: options?.topK,
      minP: options?.minP,
      seed: options?.seed,
      repetitionPenalty: options?.repetitionPenalty,
      frequencyPenalty: options?.frequencyPenalty,
      presencePenalty: options?.presencePenalty,
      stopSequences: options?.stopSequences,
      user: options?.user !== void 0 ? options.user : this.character?.name,
      responseFormat: options?.responseFormat
    };
    const response = await this.useModel(modelType, params);
    return {
      text: response
    };
  }
  registerEvent(event, handler) {
    if (!this.events[event]) {
      this.events[event] = [];
    }
    this.events[event].push(handler);
  }
  getEvent(event) {
    return this.events[event];
  }
  async emitEvent(event, params) {
    const events = Array.isArray(event) ? event : [
      event
    ];
    for (const eventName of events) {
      const eventHandlers = this.events[eventName];
      if (!eventHandlers) {
        continue;
      }
      let paramsWithRuntime = {
        runtime: this,
        source: "runtime"
      };
      if (typeof params === "object" && params && params !== null) {
        const paramsObj = params;
        paramsWithRuntime = {
          ...paramsObj,
          runtime: this,
          source: paramsObj.source || "runtime"
        };
      }
      await Promise.all(eventHandlers.map((handler) => handler(paramsWithRuntime)));
    }
  }
  async ensureEmbeddingDimension() {
    if (!this.adapter) {
      throw new Error("Database adapter not initialized before ensureEmbeddingDimension");
    }
    if (!this.getModel(ModelType.TEXT_EMBEDDING)) {
      throw new Error("No TEXT_EMBEDDING model registered");
    }
    const providedDimension = this.getSetting("EMBEDDING_DIMENSION");
    const parsedDimension = Number(providedDimension);
    const useProvidedDimension = parsedDimension > 0;
    const dimension = useProvidedDimension ? parsedDimension : (await this.useModel(ModelType.TEXT_EMBEDDING, {
      text: ""
    }))?.length;
    if (!dimension) {
      throw new Error("Invalid embedding dimension");
    }
    await this.adapter.ensureEmbeddingDimension(dimension);
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      dimension
    }, useProvidedDimension ? "Embedding dimension set from config" : "Embedding dimension set via API call");
  }
  registerTaskWorker(taskHandler) {
    if (this.taskWorkers.has(taskHandler.name)) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        task: taskHandler.name
      }, "Task worker already registered, overwriting");
    }
    this.taskWorkers.set(taskHandler.name, taskHandler);
  }
  getTaskWorker(name) {
    return this.taskWorkers.get(name);
  }
  get db() {
    return this.adapter.db;
  }
  async init() {
    await this.adapter.init();
  }
  async close() {
    if (this.adapter) {
      await this.adapter.close();
    }
  }
  async getAgent(agentId) {
    return await this.adapter.getAgent(agentId);
  }
  async getAgents() {
    return await this.adapter.getAgents();
  }
  async createAgent(agent) {
    return await this.adapter.createAgent(agent);
  }
  async updateAgent(agentId, agent) {
    return await this.adapter.updateAgent(agentId, agent);
  }
  async deleteAgent(agentId) {
    return await this.adapter.deleteAgent(agentId);
  }
  async ensureAgentExists(agent) {
    if (!agent.id) {
      throw new Error("Agent id is required");
    }
    const existingAgent = await this.adapter.getAgent(agent.id);
    if (existingAgent) {
      const mergedSettings = {
        ...existingAgent.settings,
        ...agent.settings
      };
      const mergedSecrets = typeof existingAgent.settings?.secrets === "object" || typeof agent.settings?.secrets === "object" ? {
        ...typeof existingAgent.settings?.secrets === "object" ? existingAgent.settings.secrets : {},
        ...typeof agent.settings?.secrets === "object" ? agent.settings.secrets : {}
      } : void 0;
      if (mergedSecrets) {
        mergedSettings.secrets = mergedSecrets;
      }
      const updatedAgent = {
        ...existingAgent,
        ...agent,
        settings: mergedSettings,
        id: agent.id,
        updatedAt: Date.now()
      };
      await this.adapter.updateAgent(agent.id, updatedAgent);
      const refreshedAgent = await this.adapter.getAgent(agent.id);
      if (!refreshedAgent) {
        throw new Error(`Failed to retrieve agent after update: ${agent.id}`);
      }
      this.logger.debug({
        src: "agent",
        agentId: agent.id
      }, "Agent updated on restart");
      return refreshedAgent;
    }
    const newAgent = {
      ...agent,
      id: agent.id
    };
    const created = await this.adapter.createAgent(newAgent);
    if (!created) {
      throw new Error(`Failed to create agent: ${agent.id}`);
    }
    this.logger.debug({
      src: "agent",
      agentId: agent.id
    }, "Agent created");
    return newAgent;
  }
  async getEntityById(entityId) {
    const entities = await this.adapter.getEntitiesByIds([
      entityId
    ]);
    if (!entities?.length) return null;
    return entities[0];
  }
  async getEntitiesByIds(entityIds) {
    return await this.adapter.getEntitiesByIds(entityIds);
  }
  async getEntitiesForRoom(roomId, includeComponents) {
    return await this.adapter.getEntitiesForRoom(roomId, includeComponents);
  }
  async createEntity(entity) {
    if (!entity.agentId) {
      entity.agentId = this.agentId;
    }
    return await this.createEntities([
      entity
    ]);
  }
  async ensureEntity(entity) {
    if (!entity.id) return null;
    const created = await this.createEntity(entity);
    if (!created) return null;
    return entity;
  }
  async createEntities(entities) {
    entities.forEach((e) => {
      e.agentId = this.agentId;
    });
    return await this.adapter.createEntities(entities);
  }
  async updateEntity(entity) {
    await this.adapter.updateEntity(entity);
  }
  async getComponent(entityId, type, worldId, sourceEntityId) {
    return await this.adapter.getComponent(entityId, type, worldId, sourceEntityId);
  }
  async getComponents(entityId, worldId, sourceEntityId) {
    return await this.adapter.getComponents(entityId, worldId, sourceEntityId);
  }
  async createComponent(component) {
    return await this.adapter.createComponent(component);
  }
  async updateComponent(component) {
    await this.adapter.updateComponent(component);
  }
  async deleteComponent(componentId) {
    await this.adapter.deleteComponent(componentId);
  }
  async addEmbeddingToMemory(memory) {
    if (memory.embedding) {
      return memory;
    }
    const memoryText = memory.content.text;
    if (!memoryText) {
      throw new Error("Cannot generate embedding: Memory content is empty");
    }
    try {
      memory.embedding = await this.useModel(ModelType.TEXT_EMBEDDING, {
        text: memoryText
      });
    } catch (error) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId,
        error: error instanceof Error ? error.message : String(error)
      }, "Embedding generation failed");
      memory.embedding = await this.useModel(ModelType.TEXT_EMBEDDING, {
        text: ""
      });
    }
    return memory;
  }
  async queueEmbeddingGeneration(memory, priority) {
    priority = priority || "normal";
    if (!memory) {
      return;
    }
    if (memory.embedding) {
      return;
    }
    if (!memory.content?.text) {
      return;
    }
    await this.emitEvent("EMBEDDING_GENERATION_REQUESTED", {
      runtime: this,
      memory,
      priority,
      source: "runtime",
      retryCount: 0,
      maxRetries: 3,
      runId: this.getCurrentRunId()
    });
  }
  async getMemories(params) {
    return await this.adapter.getMemories(params);
  }
  async getAllMemories() {
    const tables = [
      "memories",
      "messages",
      "facts",
      "documents"
    ];
    const allMemories = [];
    for (const tableName of tables) {
      try {
        const memories = await this.adapter.getMemories({
          agentId: this.agentId,
          tableName,
          count: 1e4
        });
        allMemories.push(...memories);
      } catch (error) {
        this.logger.debug({
          src: "agent",
          agentId: this.agentId,
          tableName,
          error: error instanceof Error ? error.message : String(error)
        }, "Failed to get memories");
      }
    }
    return allMemories;
  }
  async getMemoryById(id) {
    return await this.adapter.getMemoryById(id);
  }
  async getMemoriesByIds(ids, tableName) {
    return await this.adapter.getMemoriesByIds(ids, tableName);
  }
  async getMemoriesByRoomIds(params) {
    return await this.adapter.getMemoriesByRoomIds(params);
  }
  async getCachedEmbeddings(params) {
    return await this.adapter.getCachedEmbeddings(params);
  }
  async log(params) {
    await this.adapter.log(params);
  }
  async searchMemories(params) {
    const memories = await this.adapter.searchMemories(params);
    if (params.query) {
      const rerankedMemories = await this.rerankMemories(params.query, memories);
      return rerankedMemories;
    }
    return memories;
  }
  async rerankMemories(query, memories) {
    const docs = memories.map((memory) => ({
      title: memory.id,
      content: memory.content.text
    }));
    const bm25 = new BM25(docs);
    const results = bm25.search(query, memories.length);
    return results.map((result) => memories[result.index]);
  }
  async createMemory(memory, tableName, unique) {
    if (unique !== void 0) memory.unique = unique;
    return await this.adapter.createMemory(memory, tableName, unique);
  }
  async updateMemory(memory) {
    return await this.adapter.updateMemory(memory);
  }
  async deleteMemory(memoryId) {
    await this.adapter.deleteMemory(memoryId);
  }
  async deleteManyMemories(memoryIds) {
    await this.adapter.deleteManyMemories(memoryIds);
  }
  async clearAllAgentMemories() {
    this.logger.info({
      src: "agent",
      agentId: this.agentId
    }, "Clearing all memories");
    const allMemories = await this.getAllMemories();
    const memoryIds = allMemories.map((memory) => memory.id).filter((id) => id !== void 0);
    if (memoryIds.length === 0) {
      this.logger.debug({
        src: "agent",
        agentId: this.agentId
      }, "No memories to delete");
      return;
    }
    await this.adapter.deleteManyMemories(memoryIds);
    this.logger.info({
      src: "agent",
      agentId: this.agentId,
      count: memoryIds.length
    }, "Memories cleared");
  }
  async deleteAllMemories(roomId, tableName) {
    await this.adapter.deleteAllMemories(roomId, tableName);
  }
  async countMemories(roomId, unique, tableName) {
    return await this.adapter.countMemories(roomId, unique, tableName);
  }
  async getLogs(params) {
    return await this.adapter.getLogs(params);
  }
  async deleteLog(logId) {
    await this.adapter.deleteLog(logId);
  }
  async createWorld(world) {
    return await this.adapter.createWorld(world);
  }
  async getWorld(id) {
    return await this.adapter.getWorld(id);
  }
  async removeWorld(worldId) {
    await this.adapter.removeWorld(worldId);
  }
  async getAllWorlds() {
    return await this.adapter.getAllWorlds();
  }
  async updateWorld(world) {
    await this.adapter.updateWorld(world);
  }
  async getRoom(roomId) {
    const rooms = await this.adapter.getRoomsByIds([
      roomId
    ]);
    if (!rooms?.length) return null;
    return rooms[0];
  }
  async getRoomsByIds(roomIds) {
    return await this.adapter.getRoomsByIds(roomIds);
  }
  async createRoom({ id, name, source, type, channelId, messageServerId, worldId }) {
    if (!worldId) throw new Error("worldId is required");
    const res = await this.adapter.createRooms([
      {
        id,
        name,
        source,
        type,
        channelId,
        messageServerId,
        worldId
      }
    ]);
    if (!res.length) throw new Error("Failed to create room");
    return res[0];
  }
  async createRooms(rooms) {
    return await this.adapter.createRooms(rooms);
  }
  async deleteRoom(roomId) {
    await this.adapter.deleteRoom(roomId);
  }
  async deleteRoomsByWorldId(worldId) {
    await this.adapter.deleteRoomsByWorldId(worldId);
  }
  async updateRoom(room) {
    await this.adapter.updateRoom(room);
  }
  async getRoomsForParticipant(entityId) {
    return await this.adapter.getRoomsForParticipant(entityId);
  }
  async getRoomsForParticipants(userIds) {
    return await this.adapter.getRoomsForParticipants(userIds);
  }
  async getRooms(worldId) {
    return await this.adapter.getRoomsByWorld(worldId);
  }
  async getRoomsByWorld(worldId) {
    return await this.adapter.getRoomsByWorld(worldId);
  }
  async getParticipantUserState(roomId, entityId) {
    return await this.adapter.getParticipantUserState(roomId, entityId);
  }
  async setParticipantUserState(roomId, entityId, state) {
    await this.adapter.setParticipantUserState(roomId, entityId, state);
  }
  async createRelationship(params) {
    return await this.adapter.createRelationship(params);
  }
  async updateRelationship(relationship) {
    await this.adapter.updateRelationship(relationship);
  }
  async getRelationship(params) {
    return await this.adapter.getRelationship(params);
  }
  async getRelationships(params) {
    return await this.adapter.getRelationships(params);
  }
  async getCache(key) {
    return await this.adapter.getCache(key);
  }
  async setCache(key, value) {
    return await this.adapter.setCache(key, value);
  }
  async deleteCache(key) {
    return await this.adapter.deleteCache(key);
  }
  async createTask(task) {
    return await this.adapter.createTask(task);
  }
  async getTasks(params) {
    return await this.adapter.getTasks(params);
  }
  async getTask(id) {
    return await this.adapter.getTask(id);
  }
  async getTasksByName(name) {
    return await this.adapter.getTasksByName(name);
  }
  async updateTask(id, task) {
    await this.adapter.updateTask(id, task);
  }
  async deleteTask(id) {
    await this.adapter.deleteTask(id);
  }
  on(event, callback) {
    if (!this.eventHandlers.has(event)) {
      this.eventHandlers.set(event, []);
    }
    this.eventHandlers.get(event)?.push(callback);
  }
  off(event, callback) {
    if (!this.eventHandlers.has(event)) {
      return;
    }
    const handlers = this.eventHandlers.get(event);
    const index = handlers.indexOf(callback);
    if (index !== -1) {
      handlers.splice(index, 1);
    }
  }
  emit(event, data2) {
    if (!this.eventHandlers.has(event)) {
      return;
    }
    for (const handler of this.eventHandlers.get(event)) {
      handler(data2);
    }
  }
  async sendControlMessage(params) {
    const { roomId, action, target } = params;
    const controlMessage = {
      type: "control",
      payload: {
        action,
        target
      },
      roomId
    };
    try {
      await this.emitEvent("CONTROL_MESSAGE", {
        runtime: this,
        message: controlMessage,
        source: "agent"
      });
      this.logger.debug({
        src: "agent",
        agentId: this.agentId,
        action,
        channelId: roomId
      }, "Control message sent");
    } catch (error) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId,
        error: error instanceof Error ? error.message : String(error)
      }, "Control message failed");
    }
  }
  registerSendHandler(source, handler) {
    if (this.sendHandlers.has(source)) {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId,
        handlerSource: source
      }, "Send handler already registered, overwriting");
    }
    this.sendHandlers.set(source, handler);
    this.logger.debug({
      src: "agent",
      agentId: this.agentId,
      handlerSource: source
    }, "Send handler registered");
  }
  async sendMessageToTarget(target, content) {
    const handler = this.sendHandlers.get(target.source);
    if (!handler) {
      const errorMsg = `No send handler registered for source: ${target.source}`;
      this.logger.error({
        src: "agent",
        agentId: this.agentId,
        handlerSource: target.source
      }, "Send handler not found");
      throw new Error(errorMsg);
    }
    try {
      await handler(this, target, content);
    } catch (error) {
      this.logger.error({
        src: "agent",
        agentId: this.agentId,
        handlerSource: target.source,
        error: error instanceof Error ? error.message : String(error)
      }, "Send handler failed");
      throw error;
    }
  }
  async getMemoriesByWorldId(params) {
    return await this.adapter.getMemoriesByWorldId(params);
  }
  async runMigrations(migrationsPaths) {
    if (this.adapter?.runMigrations) {
      await this.adapter.runMigrations(migrationsPaths);
    } else {
      this.logger.warn({
        src: "agent",
        agentId: this.agentId
      }, "Database adapter does not support migrations");
    }
  }
  async isReady() {
    if (!this.adapter) {
      throw new Error("Database adapter not registered");
    }
    return await this.adapter.isReady();
  }
  hasElizaOS() {
    return this.elizaOS !== void 0;
  }
};
function hasNodeCrypto() {
  return typeof process !== "undefined" && (process.versions?.node !== void 0 || process.versions?.bun !== void 0);
}
function getCryptoModule() {
  if (hasNodeCrypto()) {
    return __require("crypto");
  }
  return leftOut("crypto-browserify");
}
function createHash(algorithm) {
  const crypto2 = getCryptoModule();
  const hash = crypto2.createHash(algorithm);
  return {
    update(data2) {
      hash.update(data2);
      return this;
    },
    digest() {
      return new Uint8Array(hash.digest());
    }
  };
}
function createDecipheriv(algorithm, key, iv) {
  if (algorithm !== "aes-256-cbc") {
    throw new Error(`Unsupported algorithm: ${algorithm}. Only 'aes-256-cbc' is currently supported.`);
  }
  const crypto2 = getCryptoModule();
  const decipher = crypto2.createDecipheriv(algorithm, key, iv);
  return {
    update(data2, inputEncoding, outputEncoding) {
      const result = decipher.update(Buffer.from(data2, inputEncoding), void 0, outputEncoding);
      return typeof result === "string" ? result : result.toString(outputEncoding);
    },
    final(encoding) {
      const result = decipher.final(encoding);
      return typeof result === "string" ? result : result.toString(encoding);
    }
  };
}
var saltCache = null;
var saltErrorLogged = false;
var SALT_CACHE_TTL_MS = 5 * 60 * 1e3;
function getSalt() {
  const currentEnvSalt = getEnv3("SECRET_SALT", "secretsalt") || "secretsalt";
  const now = Date.now();
  if (saltCache !== null) {
    const cacheFresh = now - saltCache.timestamp < SALT_CACHE_TTL_MS;
    if (cacheFresh && saltCache.value === currentEnvSalt) {
      return saltCache.value;
    }
  }
  if (currentEnvSalt === "secretsalt" && !saltErrorLogged) {
    logger.warn({
      src: "core:settings"
    }, "SECRET_SALT is not set or using default value");
    saltErrorLogged = true;
  }
  saltCache = {
    value: currentEnvSalt,
    timestamp: now
  };
  return currentEnvSalt;
}
function decryptStringValue(value, salt) {
  try {
    const parts = value.split(":");
    if (parts.length !== 2) {
      return value;
    }
    const iv = BufferUtils.fromHex(parts[0]);
    const encrypted = parts[1];
    if (iv.length !== 16) {
      return value;
    }
    const key = createHash("sha256").update(salt).digest().slice(0, 32);
    const decipher = createDecipheriv("aes-256-cbc", key, iv);
    let decrypted = decipher.update(encrypted, "hex", "utf8");
    decrypted += decipher.final("utf8");
    return decrypted;
  } catch (error) {
    logger.error({
      src: "core:settings",
      error
    }, "Decryption failed");
    return value;
  }
}
var createUniqueUuid = (runtime, baseUserId) => {
  if (baseUserId === runtime.agentId) {
    return runtime.agentId;
  }
  const combinedString = `${baseUserId}:${runtime.agentId}`;
  return stringToUuid(combinedString);
};
setStreamingContextManager(createNodeStreamingContextManager());
function leftOut(name) {
  const refuse = () => {
    throw new Error(`${name} is left out of the core, since the agent does without it: see src/tools/compile/core_cuts.ts`);
  };
  return new Proxy(function() {
  }, {
    get: refuse,
    apply: refuse,
    construct: refuse
  });
}
function whenFirstCalled(make) {
  let made;
  return (...args) => (made ??= make())(...args);
}
export {
  AgentRuntime,
  ChannelType,
  logger,
  stringToUuid,
  validateCharacter
};
