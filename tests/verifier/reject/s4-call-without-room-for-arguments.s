# S4. The callee would take our return address for an argument.
function f
        pushq %rax
bad:    call g
        popq %rax
        ret
end f
function g 16
        ret
end g
