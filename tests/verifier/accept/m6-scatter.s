# Twin of reject/m6-scatter.s, without the fault.
function f
        vmovdqu32 %zmm0, %gs:(%eax) {%k1}
        ret
end f
