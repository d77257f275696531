# M6. Gathers.
.set REACHES_BLOCKS, 1
function f
bad:    vpgatherdd %xmm2, %fs:(%eax,%xmm1,4), %xmm0
        ret
end f
