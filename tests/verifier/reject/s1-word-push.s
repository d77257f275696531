# S1. A push of two bytes.
function f
bad:    pushw %ax
        popq %rax
        ret
end f
