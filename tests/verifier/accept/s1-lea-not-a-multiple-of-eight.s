# Twin of reject/s1-lea-not-a-multiple-of-eight.s, without the fault.
function f
        leaq -16(%rsp), %rsp
        addq $16, %rsp
        ret
end f
