# Twin of reject/m2-wide-vector.s, without the fault.
function f
        subq $56, %rsp
        vmovups %ymm0, (%rsp)
        addq $56, %rsp
        ret
end f
