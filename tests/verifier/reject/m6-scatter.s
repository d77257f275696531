# M6. A scatter of AVX-512.
function f
bad:    vpscatterdd %zmm0, %gs:(%eax,%zmm1,4) {%k1}
        ret
end f
