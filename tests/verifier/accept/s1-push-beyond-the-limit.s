# Twin of reject/s1-push-beyond-the-limit.s, without the fault.
function f
        subq $65536, %rsp
        movq %rcx, (%rsp)
        movq (%rsp), %rcx
        addq $65536, %rsp
        ret
end f
