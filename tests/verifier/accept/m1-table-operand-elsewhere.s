# Twin of reject/m1-table-operand-elsewhere.s, without the fault.
function f
        movl %gs:8(%r10d), %ecx
        ret
end f
