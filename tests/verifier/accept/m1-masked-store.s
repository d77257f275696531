# Twin of reject/m1-masked-store.s, without the fault.
function f
        vmovdqu32 %zmm0, %gs:(%eax) {%k1}
        ret
end f
