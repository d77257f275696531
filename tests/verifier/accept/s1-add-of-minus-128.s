# Twin of reject/s1-add-of-minus-128.s, without the fault.
function f
        addq $-128, %rsp
        movq %rax, 120(%rsp)
        addq $64, %rsp
        addq $64, %rsp
        ret
end f
