# M2. The full width counts whatever the mask may hold.
function f
        subq $56, %rsp
bad:    vmovups %zmm0, (%rsp) {%k1}
        addq $56, %rsp
        ret
end f
