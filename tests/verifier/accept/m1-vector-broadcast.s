# Twin of reject/m1-vector-broadcast.s, without the fault.
function f
        vaddps %gs:(%eax){1to16}, %zmm1, %zmm2
        ret
end f
