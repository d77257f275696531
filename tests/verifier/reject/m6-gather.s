# M6. 64-bit indices.
function f
bad:    vpgatherqq %ymm0, (%rax,%ymm1,8), %ymm2
        ret
end f
