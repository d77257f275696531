# S4. A tail jump returns to whatever is on top.
function f
        pushq %rax
bad:    jmp g
end f
function g
        ret
end g
