# S4. Our caller has made room for our arguments, not for the callee's.
function f 8
bad:    jmp g
end f
function g 16
        ret
end g
