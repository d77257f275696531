# S1. A pop of two bytes.
function f
        pushq %rax
bad:    popw %ax
        ret
end f
