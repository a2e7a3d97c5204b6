/** A rule of this project's own for `deno lint`: functions in `src/` are as short as CONTRIBUTING.md asks. @module */

/** Lines of a function, from its first to its last. */
const MAX_LINES = 60;

/** Beside a function that is longer for a reason, the reason: `deno-lint-ignore house/function-length -- reason`. */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "function-length": {
      create(context) {
        if (!/[\\/]src[\\/]/.test(context.filename)) return {};
        const check = (node: Deno.lint.Node) => {
          const lines = context.sourceCode.getText(node).split("\n").length;
          if (lines <= MAX_LINES) return;
          context.report({
            node,
            message:
              `A function of ${lines} lines: ${MAX_LINES} at most. Take out what has a name and can be tested alone.`,
          });
        };
        return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
      },
    },
  },
};

export default plugin;
