# S1. add $-128 is how compilers write sub $128: 128 bytes of frame, at the end, too.
function f
        addq $-128, %rsp
        movq %rax, 120(%rsp)
        addq $64, %rsp
        addq $56, %rsp
bad:    ret
end f
