/* Evaluates the JavaScript on standard input, with print(); an uncaught exception is printed and ends with status 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "quickjs.h"

static JSValue print(JSContext *context, JSValueConst self, int count, JSValueConst *values)
{
    for (int i = 0; i < count; i++) {
        const char *text = JS_ToCString(context, values[i]);
        if (!text)
            return JS_EXCEPTION;
        printf("%s%s", i ? " " : "", text);
        JS_FreeCString(context, text);
    }
    putchar('\n');
    return JS_UNDEFINED;
}

int main(void)
{
    static char script[1 << 20];
    size_t length = fread(script, 1, sizeof script - 1, stdin);
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
    JS_FreeValue(context, global);
    JSValue result = JS_Eval(context, script, length, "script.js", JS_EVAL_TYPE_GLOBAL);
    int status = 0;
    if (JS_IsException(result)) {
        JSValue error = JS_GetException(context);
        const char *text = JS_ToCString(context, error);
        printf("uncaught: %s\n", text ? text : "?");
        JS_FreeCString(context, text);
        JS_FreeValue(context, error);
        status = 1;
    }
    JS_FreeValue(context, result);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return status;
}
