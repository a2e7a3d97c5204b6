/** Rules of this project's own for `deno lint`. @module */

/** Lines of a function, from its first to its last. */
const MAX_LINES = 60;

/** Statements into which the minifier puts what was declared right before. */
const MERGED: ReadonlySet<string> = new Set<Deno.lint.Statement["type"]>([
  "ExpressionStatement",
  "IfStatement",
  "ReturnStatement",
  "SwitchStatement",
  "ThrowStatement",
]);

/** Whether the minifier puts what was declared right before into a statement: into no list of names, for one. */
function takesIn(statement: Deno.lint.Node): boolean {
  if (statement.type !== "VariableDeclaration") return MERGED.has(statement.type);
  return statement.declarations[0]?.id.type === "Identifier";
}

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
    /**
     * The minifier of `deno bundle` (esbuild 0.25.5) puts a resource that is used once, in the next statement, into the
     * place of its use, and then nothing gives it back: the executable left a directory open after each answer that came
     * alone, where the sources did not.
     */
    "using-once": {
      create(context) {
        if (!/[\\/](src[\\/](?!tools|test_server)|main\.ts$)/.test(context.filename)) return {};
        return {
          VariableDeclaration(node) {
            if (node.kind !== "using" && node.kind !== "await using") return;
            const { body } = node.parent as { body?: unknown };
            const behind = Array.isArray(body) ? body.slice(body.indexOf(node) + 1) as Deno.lint.Node[] : [];
            if (!behind[0] || !takesIn(behind[0])) return;
            const [next, ...others] = behind.map((statement) => context.sourceCode.getText(statement));
            for (const { id } of node.declarations) {
              if (id.type !== "Identifier") continue;
              const used = new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${id.name}(?![\\w$])`, "g");
              if (next!.match(used)?.length !== 1 || others.some((text) => text.search(used) >= 0)) continue;
              context.report({
                node,
                message: `${id.name} is used once, in the next statement: the executable would never give it back. ` +
                  "Give it back in a `finally`, or write `const it = …; using _it = it;`.",
              });
            }
          },
        };
      },
    },
  },
};

export default plugin;
