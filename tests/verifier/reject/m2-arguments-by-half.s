# M2. The last bytes of the access are beyond the arguments.
function f 8
bad:    movq 12(%rsp), %rcx
        ret
end f
