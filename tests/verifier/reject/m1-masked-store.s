# M1. A masked store writes where its mask says; the address counts all the same.
function f
bad:    vmovdqu32 %zmm0, (%rax) {%k1}
        ret
end f
