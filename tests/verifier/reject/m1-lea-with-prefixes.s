# M1. lea accesses nothing and takes no prefixes.
function f
bad:    leal %gs:(%eax), %ecx
        ret
end f
