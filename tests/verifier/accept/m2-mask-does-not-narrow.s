# Twin of reject/m2-mask-does-not-narrow.s, without the fault.
function f
        subq $56, %rsp
        vmovups %ymm0, (%rsp) {%k1}
        addq $56, %rsp
        ret
end f
