# S1. A push at the greatest height.
function f
        subq $65536, %rsp
bad:    pushq %rcx
        popq %rcx
        addq $65536, %rsp
        ret
end f
