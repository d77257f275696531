# M6. With 65 67 too, until shown to be safe.
function f
bad:    vpgatherdd %ymm0, %gs:(%eax,%ymm1,4), %ymm2
        ret
end f
