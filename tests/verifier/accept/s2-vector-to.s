# Twin of reject/s2-vector-to.s, without the fault.
function f
        vmovq %xmm0, %rbp
        ret
end f
