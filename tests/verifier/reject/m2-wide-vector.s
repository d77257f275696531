# M2. 64 bytes in a frame of 56.
function f
        subq $56, %rsp
bad:    vmovups %zmm0, (%rsp)
        addq $56, %rsp
        ret
end f
