# M1. A broadcast from an absolute address.
function f
bad:    vaddps (%rax){1to16}, %zmm1, %zmm2
        ret
end f
