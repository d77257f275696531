# S1. The same for lea.
function f
bad:    leaq -12(%rsp), %rsp
        addq $16, %rsp
        ret
end f
