/* QuickJS: closures, objects, arrays, strings, regular expressions and exceptions. */
#include "measure.h"
#include "quickjs.h"

static const char script[] =
    "function run() {"
    "  let total = 0;"
    "  const adders = []; for (let i = 0; i < 200; i++) adders.push(x => x + i);"
    "  for (let round = 0; round < 40; round++) for (const f of adders) total = (total + f(round)) % 1000003;"
    "  const numbers = []; for (let i = 0; i < 20000; i++) numbers.push((i * 7919) % 10007);"
    "  numbers.sort((a, b) => a - b);"
    "  total += numbers.filter(n => n % 3 == 0).map(n => n * 2).reduce((a, b) => a + b, 0) % 1000003;"
    "  let text = ''; for (let i = 0; i < 2000; i++) text += 'key' + i + '=' + (i * 31 % 97) + ';';"
    "  for (const m of text.matchAll(/key(\\d+)=(\\d+);/g)) total += (+m[1]) * (+m[2]) % 101;"
    "  for (let i = 0; i < 2000; i++) { try { if (i % 3) throw new Error('e' + i); } catch (e) { total += e.message.length; } }"
    "  function fibonacci(n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }"
    "  return total + fibonacci(20);"
    "} run()";

static uint64_t kernel(void)
{
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    JSValue result = JS_Eval(context, script, sizeof script - 1, "script.js", JS_EVAL_TYPE_GLOBAL);
    int64_t value = 0;
    if (JS_IsException(result) || JS_ToInt64(context, &value, result))
        exit(1);
    JS_FreeValue(context, result);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return (uint64_t)value;
}
