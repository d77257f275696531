# Twin of reject/s1-not-a-multiple-of-eight.s, without the fault.
function f
        subq $16, %rsp
        addq $16, %rsp
        ret
end f
