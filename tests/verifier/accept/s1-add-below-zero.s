# Twin of reject/s1-add-below-zero.s, without the fault.
function f
        addq $-8, %rsp
        subq $-8, %rsp
        ret
end f
