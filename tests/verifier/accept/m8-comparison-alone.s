# Twin of reject/m8-comparison-alone.s, without the fault.
function f
        cmpl $1, %gs:8(%r10d)
        ret
end f
