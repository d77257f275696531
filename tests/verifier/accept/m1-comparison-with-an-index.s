# Twin of reject/m1-comparison-with-an-index.s, without the fault.
function f
        cmpl $1, %gs:8(%r10d,%eax)
        ret
end f
